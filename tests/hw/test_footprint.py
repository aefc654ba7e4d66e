"""What the proof takes a command to touch is what the gateware touches, word by word."""

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from hw.compiler.layers import as_convolution, unit_of
from hw.config import EngineConfig
from hw.gateware.depthwise import Depthwise
from hw.gateware.pointwise import Pointwise
from hw.program import Program
from hw.proof.cells import Cells
from hw.proof.footprint import DRAM_CELL, Footprint
from hw.proof.proof import FOOTPRINTS
from tests.support.cases import CASES
from tests.support.configs import ACTIVE
from tests.support.transfers import transfer_pixels
from tests.support.unit import Others, run_commands


def footprints(program: Program, unit: str) -> list[Footprint]:
    """Of the unit's commands."""
    return [FOOTPRINTS[unit](command.fields, program.config) for command in program.commands if command.unit == unit]


def marked(size: int, boxes: Iterable[Cells]) -> NDArray[np.bool_]:
    """By cell, whether it is in one of the boxes."""
    found = np.zeros(size, np.bool_)
    for box in boxes:
        box.of(found)[...] = True
    return found


QUICK = [("lone_depthwise", "skew"), ("pool_mean", "tiny"), ("lone_pointwise", "skew"), ("conv_s2_odd", "tiny"),
         ("conv_valid", "wide"), ("residual", "tiny"), ("residual", "quad")]
MORE = [("lone_depthwise", "tiny"), ("pool_average", "wide"), ("lone_pointwise", "tiny"), ("lone_pointwise", "ragged"),
        ("lone_pointwise", "quad"),
        ("fully_connected", "ragged"), ("conv", "tiny"), ("conv_narrow", "wide"), ("conv_over_padded", "skew"),
        ("conv_whole", "wide"), ("residual", "ragged"), ("depthwise_doubled", "tiny")]
COMPUTED = [*QUICK, *(pytest.param(*case, marks=pytest.mark.full) for case in MORE)]


@pytest.mark.parametrize(("name", "config"), COMPUTED)
def test_computing(name: str, config: str) -> None:
    """All words that the ports of the activation memory read and write while a layer runs."""
    case, sizes = CASES[name], ACTIVE[config]
    program = case.program(sizes, 0)
    unit = unit_of(as_convolution(case.specs[0]))
    others = Others(program, unit, case.values(0))
    run_commands({"depthwise": Depthwise, "pointwise": Pointwise}[unit](sizes), others, 20_000)
    found = footprints(program, unit)
    size = others.rows.opened.size
    read = marked(size, [box for each in found for box in [*each.reads["activations"], *each.opened]])
    written = marked(size, [box for each in found for box in each.writes["activations"]])
    np.testing.assert_array_equal(read, others.rows.opened.reshape(-1), strict=True)
    np.testing.assert_array_equal(written, others.rows.written.any(axis=2).reshape(-1), strict=True)
    words = {word for each in found for box in each.reads[unit] for word in range(box.start, box.last + 1)}
    idle = {0} | {box.last + 1 for each in found for box in each.reads[unit]}
    assert words <= others.fetched <= words | idle


@pytest.mark.parametrize("config", ACTIVE.values(), ids=ACTIVE)
def test_transfers(config: EngineConfig) -> None:
    """Against the tests' own model of transfers, which their gateware equals."""
    moved = 0
    for case in CASES.values():
        try:
            program = case.program(config, 0)
        except ValueError:
            continue
        for command in program.commands:
            if command.unit not in ("load", "store"):
                continue
            pixels = transfer_pixels(command.fields, config)
            touched = FOOTPRINTS[command.unit](command.fields, config)
            both = touched.reads | touched.writes
            on_chip = marked(config.activation_rows * config.pe_pixels, both["activations"])
            assert {(cell // config.pe_pixels, cell % config.pe_pixels) for cell in np.flatnonzero(on_chip)} == {
                (row, pixel) for _, row, pixel in pixels}
            in_dram = marked(program.memory_bytes // DRAM_CELL, both["dram"])
            wanted = {address // DRAM_CELL + cell for address, _, _ in pixels
                      for cell in range(config.pe_rows // DRAM_CELL)}
            if len(pixels) * config.pe_rows == in_dram.sum() * DRAM_CELL:
                assert set(np.flatnonzero(in_dram)) == wanted
            else:  # the pixels of one phase, of rows that are read whole
                assert command.fields["split"]
                assert set(np.flatnonzero(in_dram)) > wanted
            moved += 1
    assert moved > 100
