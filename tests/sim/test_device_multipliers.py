"""A device's own multipliers in RTL: the same values in the same cycles as the model, whose products are portable."""

import pytest

from sim.cli import main
from sim.statuses import OK


@pytest.mark.full
def test_blocks_and_lookup_tables_are_exact_and_equal(capsys: pytest.CaptureFixture[str]) -> None:
    """40 of the array's products in blocks, the rest and the depthwise lanes' in lookup tables."""
    config = "pe64,multiplier=ecp5,dsp_multipliers=60"
    assert main(["rtl", "--network", "mobilenet_v2", "--alpha", "0.35", "--resolution", "96", "--config", config]) == OK
    text = capsys.readouterr().out
    assert "predictions: bit-exact" in text
    assert "equal in total, in each command and in DRAM traffic" in text
