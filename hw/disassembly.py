"""A program's commands, readable: as one line each, and as JSON that can be encoded again."""

from collections.abc import Mapping, Sequence
from typing import Any

from hw.commands import BLOCK_BYTES, UNITS, Command, CommandError, decode_program

SCHEMA = 1

_TRANSFER = "{dram_address:#x} +{dram_stride:#x}, {blocks} × {beats} beats, row {row}.{chunk} +{row_stride}"
SUMMARY = {
    "load": _TRANSFER,
    "store": _TRANSFER,
    "weights": "{dram_address:#x}, {beats} beats, word {word}",
    "depthwise": "{blocks} blocks, {out_rows}×{out_width} of {height}×{width} by {stride} from row {first_y},"
                 " pixel {in_pixel} → {out_pixel}, word {word}",
    "pointwise": "{out_blocks} blocks, {passes} passes of {kernel_rows}×{kernel_cols}, {tiles} × {tile_vectors} vectors"
                 " (last {last_vectors}), pixel {in_pixel} → row {out_row}, word {word}",
}
"""What is shown of each unit's fields."""

WHERE = {
    "load": ("{split}", "even and odd columns apart"),
    "depthwise": ("{accumulate}", "summed up"),
    "weights": ("{depthwise}", "for depthwise"),
    "pointwise": ("{residual_passes}", "adds pixel {residual_pixel}"),
}
"""What is added if a field is not 0."""


def decode_file(data: bytes) -> tuple[dict[str, int], list[Command]]:
    """Header and commands of a program that is all of `data`. Raises `CommandError`."""
    header, commands = decode_program(data)
    size = BLOCK_BYTES * (1 + len(commands))
    if len(data) != size:
        raise CommandError(f"block {1 + len(commands)} at byte {size}: {len(data) - size} bytes beyond the program's"
                           f" {len(commands)} commands")
    return header, commands


def as_json(header: Mapping[str, int], commands: Sequence[Command], names: Sequence[str] = ()) -> dict[str, Any]:
    """All fields of all commands; `names` of the layers by their ids, as far as they are known."""
    return {"schema": SCHEMA, "program": dict(header), "commands": [
        {"index": index, "unit": command.unit, "number": number, "layer": command.layer,
         "name": names[command.layer] if command.layer < len(names) else None,
         "waits": {unit: {"ended": command.waits.get(unit, 0), "for": "space" if unit in command.space else "data"}
                   for unit in UNITS if unit in command.waits or unit in command.space},
         "fields": dict(command.fields)}
        for index, (number, command) in enumerate(_numbered(commands))]}


def from_json(report: Mapping[str, Any]) -> list[Command]:
    """The commands of `as_json`."""
    return [Command(unit=entry["unit"], layer=entry["layer"], fields=entry["fields"],
                    waits={unit: wait["ended"] for unit, wait in entry["waits"].items()},
                    space=frozenset(unit for unit, wait in entry["waits"].items() if wait["for"] == "space"))
            for entry in report["commands"]]


def rows(commands: Sequence[Command], names: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """A table: index, unit and the command's number there, layer, what it does, waits."""
    table = [("", "command", "layer", "does", "waits for")]
    for index, (number, command) in enumerate(_numbered(commands)):
        layer = names[command.layer] if command.layer < len(names) else f"layer {command.layer}"
        table.append((str(index), f"{command.unit} {number}", layer, summary(command), tokens(command)))
    return table


def summary(command: Command) -> str:
    """The fields that matter."""
    text = SUMMARY[command.unit].format_map(command.fields)
    field, more = WHERE.get(command.unit, ("0", ""))
    return text if field.format_map(command.fields) == "0" else f"{text}, {more.format_map(command.fields)}"


def tokens(command: Command) -> str:
    """What it waits for."""
    return ", ".join(f"{unit} {command.waits[unit]}{' (space)' if unit in command.space else ''}"
                     for unit in UNITS if unit in command.waits) or "·"


def _numbered(commands: Sequence[Command]) -> list[tuple[int, Command]]:
    """Each command with its number among those of its unit."""
    counts: dict[str, int] = dict.fromkeys(UNITS, 0)
    result = []
    for command in commands:
        result.append((counts[command.unit], command))
        counts[command.unit] += 1
    return result
