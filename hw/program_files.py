"""A compiled program as a folder: what a host needs to run it, and what brings it back as a `Program`."""

import dataclasses
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from golden.refusal import Refusal
from hw.commands import CommandError, decode_program
from hw.config import ConfigError, EngineConfig
from hw.program import DramTensor, Program

SCHEMA = 1
PROGRAM, IMAGE, MAP, REPORT = "program.bin", "image.bin", "map.json", "report.txt"
"""Blocks for the program's address; DRAM contents from address 0; where everything is; what was decided and why."""


class ProgramFileError(Refusal):
    """A file of a compiled program that is missing, broken, or does not belong to the others."""


def program_map(program: Program) -> dict[str, Any]:
    """What `MAP` holds of the program itself: sizes and addresses in bytes, registers by their names."""
    header, _ = decode_program(program.encoded)
    read, write = program.read_window, program.write_window
    return {
        "schema": SCHEMA, "config": program.config.as_dict(), "config_hash": program.config.hash,
        "image": {"file": IMAGE, "address": 0, "bytes": len(program.image)},
        "program": {"file": PROGRAM, "address": program.address, "bytes": len(program.encoded),
                    "commands": len(program.commands), "tag": header["tag"]},
        "memory_bytes": program.memory_bytes,
        "registers": {"PROGRAM_ADDRESS": program.address, "READ_FIRST": read[0], "READ_LAST": read[1],
                      "WRITE_FIRST": write[0], "WRITE_LAST": write[1]},
        "layers": [{"id": index, "name": name} for index, name in enumerate(program.layers)],
        "input": _tensor(program.input), "output": _tensor(program.output),
        "tensors": {name: _tensor(tensor) for name, tensor in program.tensors.items()},
    }


def _tensor(tensor: DramTensor) -> dict[str, Any]:
    return dataclasses.asdict(tensor) | {"bytes": tensor.size}


def save_program(program: Program, directory: Path, *, description: Mapping[str, Any], report: str) -> list[Path]:
    """Writes the four files into `directory`, all or none; `description` is for `MAP`. Returns their paths."""
    contents = {PROGRAM: program.encoded, IMAGE: program.image, REPORT: report.encode(),
                MAP: (json.dumps(description, indent=1) + "\n").encode()}
    directory.mkdir(parents=True, exist_ok=True)
    parts = {name: directory / f"{name}.part" for name in contents}
    try:
        for name, content in contents.items():
            parts[name].write_bytes(content)
        for name, part in parts.items():
            part.replace(directory / name)
    except OSError:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()
        raise
    return [directory / name for name in contents]


def load_program(directory: Path) -> Program:
    """The program that `save_program` wrote; it has no placements. Raises `ProgramFileError`."""
    data, image = _read(directory / PROGRAM), _read(directory / IMAGE)
    description = load_map(directory / MAP)
    try:
        header, commands = decode_program(data)
    except CommandError as error:
        raise ProgramFileError(f"{directory / PROGRAM}: {error}") from None
    try:
        program = Program(
            config=EngineConfig(**description["config"]),
            layers=tuple(_decoded(str, layer["name"], "layer") for layer in description["layers"]),
            commands=tuple(commands), image=image,
            address=_decoded(int, description["program"]["address"], "program.address"),
            input=_decoded(DramTensor, description["input"], "input"),
            output=_decoded(DramTensor, description["output"], "output"),
            tensors={name: _decoded(DramTensor, tensor, name) for name, tensor in description["tensors"].items()})
        _check_places(program)
        tag = _decoded(int, description["program"]["tag"], "program.tag")
        sizes = {PROGRAM: (len(data), description["program"]["bytes"]),
                 IMAGE: (len(image), description["image"]["bytes"])}
    except (ConfigError, ProgramFileError) as error:
        raise ProgramFileError(f"{directory / MAP}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ProgramFileError(f"{directory / MAP}: not a program's map: {error}") from None
    for name, (size, wanted) in sizes.items():
        if size != wanted:
            raise ProgramFileError(f"{directory / name}: {size} bytes; {MAP} says {wanted}")
    if header["config"] != program.config.hash:
        raise ProgramFileError(f"{directory / PROGRAM}: compiled for configuration {header['config']:#010x}; {MAP} has"
                               f" {program.config.name}, {program.config.hash:#010x}")
    if header["tag"] != tag:
        raise ProgramFileError(f"{directory / PROGRAM}: tag {header['tag']:#06x}; {MAP} says {tag:#06x}")
    return program


def _check_places(program: Program) -> None:
    """Tensors lie between image and program, and each has room for its pixels."""
    if not len(program.image) <= program.address < 1 << 32:
        raise ProgramFileError(f"program.address={program.address}: must be from {len(program.image)} on, below 2^32")
    for tensor in (program.input, program.output, *program.tensors.values()):
        if min(tensor.shape) < 1 or tensor.block_channels != program.config.pe_rows:
            raise ProgramFileError(f"{tensor.name}: shape {tensor.shape} in blocks of {tensor.block_channels} channels;"
                                   f" must be blocks of {program.config.pe_rows}")
        height, width, _ = tensor.shape
        if tensor.stride < height * width * tensor.block_channels:
            raise ProgramFileError(f"{tensor.name}: stride {tensor.stride} is less than {height}×{width} pixels of"
                                   f" {tensor.block_channels} bytes")
        if not len(program.image) <= tensor.address <= program.address - tensor.size:
            raise ProgramFileError(f"{tensor.name}: {tensor.size} bytes at {tensor.address} are not between image and"
                                   " program")


def load_map(path: Path) -> dict[str, Any]:
    """What `MAP` holds. Raises `ProgramFileError`."""
    try:
        description = json.loads(_read(path))
    except ValueError as error:
        raise ProgramFileError(f"{path}: not JSON: {error}") from None
    if not isinstance(description, dict) or description.get("schema") != SCHEMA:
        raise ProgramFileError(f"{path}: not a program's map of schema {SCHEMA}")
    return description


def layer_names(path: Path, tag: int) -> list[str]:
    """Names of the layers by their ids, out of the map of the program of that tag. Raises `ProgramFileError`."""
    description = load_map(path)
    try:
        found, names = description["program"]["tag"], [str(layer["name"]) for layer in description["layers"]]
    except (KeyError, TypeError) as error:
        raise ProgramFileError(f"{path}: not a program's map: {error}") from None
    if found != tag:
        raise ProgramFileError(f"{path}: of another program, tag {found:#06x} instead of {tag:#06x}")
    return names


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProgramFileError(f"{path}: {error.strerror}") from None


def _decoded(kind: Any, value: Any, where: str) -> Any:
    """`value`, as JSON has it, as a `kind`: a dataclass, a tuple, a plain type, or one of these or None."""
    if isinstance(kind, UnionType):
        (inner,) = (option for option in get_args(kind) if option is not NoneType)
        return None if value is None else _decoded(inner, value, where)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind)]
        if not isinstance(value, dict) or not value.keys() >= set(names):
            raise ProgramFileError(f"{where}: must have {', '.join(names)}")
        return kind(**{name: _decoded(hints[name], value[name], f"{where}.{name}") for name in names})
    if get_origin(kind) is tuple:
        if not isinstance(value, list) or len(value) != len(get_args(kind)):
            raise ProgramFileError(f"{where}: must be {len(get_args(kind))} values")
        return tuple(_decoded(inner, item, where) for inner, item in zip(get_args(kind), value, strict=True))
    if type(value) is not kind:
        raise ProgramFileError(f"{where}={value!r}: must be of type {getattr(kind, '__name__', kind)}")
    return value
