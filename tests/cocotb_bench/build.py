"""Builds the generated Verilog for cocotb; simulators are kept by the hash of what they are made of."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import cocotb_tools.config

from hw.config import EngineConfig
from hw.verilator import BUILD, PRECOMPILED_HEADERS, WARNINGS, ToolError, environment, verilog_directory

TOP = "sepconv"
FST = Path(__file__).parent / "fst"
"""Stand-ins for the headers of lz4 and zlib."""


def build(config: EngineConfig, *, waves: bool = False, source: Path | None = None) -> Path:
    """Folder with the simulator of `config`, or of the Verilog in `source`, with FST traces if `waves`.

    cocotb's own runner would make every signal of the design public, which costs most of Verilator's
    optimisation; only the ports are needed. Raises `ToolError`.
    """
    source = source or verilog_directory(config)
    tools = environment()
    ports = [port["name"] for port in json.loads((source / f"{TOP}.json").read_text())["ports"]]
    public = "`verilator_config\n" + "".join(
        f'public_flat_rw -module "{TOP}" -var "{name}"\n' for name in ports
    )
    share, libraries = cocotb_tools.config.share_dir, cocotb_tools.config.libs_dir
    main = share / "lib" / "verilator" / "verilator.cpp"
    options = [
        "--cc",
        "--exe",
        "--build",
        "--vpi",
        "--prefix",
        "Vtop",
        "--top-module",
        TOP,
        "-o",
        TOP,
        "-O3",
        "--x-assign",
        "fast",
        "--x-initial",
        "fast",
        "--noassert",
        "-MAKEFLAGS",
        f"{PRECOMPILED_HEADERS} OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1",
        "-LDFLAGS",
        f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator -L.",
    ]
    if waves:
        options += ["--trace-fst", "-CFLAGS", f"-I{FST}"]
    made_of = "\n".join(
        [*options, public, WARNINGS.read_text(), main.read_text(), (source / f"{TOP}.v").read_text()]
    )
    directory = BUILD.resolve() / "cocotb" / hashlib.sha256(made_of.encode()).hexdigest()[:16]
    done = directory / "done"
    if done.exists():
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    for library in (
        "liblz4.a",
        "libz.a",
    ):  # linked with traces; the headers in `FST` leave nothing to take from them
        (directory / library).write_text("!<arch>\n")
    (directory / "ports.vlt").write_text(public)
    command = [
        "verilator",
        *options,
        "-j",
        str(os.cpu_count() or 1),
        "--Mdir",
        str(directory),
        str(directory / "ports.vlt"),
        str(WARNINGS),
        str(source / f"{TOP}.v"),
        str(main),
    ]
    with (directory / "build.log").open("w") as log:
        result = subprocess.run(command, env=tools, stdout=log, stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        raise ToolError(f"Verilator could not build {source / f'{TOP}.v'}; see {directory / 'build.log'}")
    done.touch()
    return directory
