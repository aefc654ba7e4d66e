"""Whether a command that has started comes to its end: what the gateware counts by must agree with itself."""

from hw.commands import BODY, COUNTS
from hw.config import KERNEL, EngineConfig
from hw.latency import BLOCK_READY
from hw.proof.footprint import Fields

PASSES = 1 << next(field.bits for field in BODY["pointwise"] if field.name == "passes")
"""Passes that are no longer counted."""


def hindrance(unit: str, fields: Fields, config: EngineConfig) -> str | None:
    """Why the engine refuses a command with these fields; None for one that ends."""
    for name in COUNTS[unit]:
        if not fields[name]:
            return f"has nothing to do: {name} is 0"
    if unit == "depthwise":
        columns = (fields["out_width"] - 1) * fields["stride"] + KERNEL
        if columns > fields["column_blocks"] * config.pe_pixels:
            return f"has windows over {columns} columns, and reads {fields['column_blocks'] * config.pe_pixels}"
    if unit == "pointwise":
        vectors, most = max(fields["tile_vectors"], fields["last_vectors"]), config.half_vectors
        if fields["residual_passes"]:
            most //= 2
        if vectors > most:
            return f"has tiles of {vectors} vectors, and accumulators for {most}"
        short = fields["tile_vectors"]
        if fields["tiles"] > 1 and not fields["residual_passes"] and short < BLOCK_READY:
            return f"has several tiles of {short} vectors, and needs {BLOCK_READY} in all but the last"
        if (passes := fields["passes"] + fields["residual_passes"]) >= PASSES:
            return f"has {passes} passes, and counts to {PASSES - 1}"
    return None
