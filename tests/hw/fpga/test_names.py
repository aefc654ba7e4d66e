"""Names of cells and nets lead back to blocks and signals of the source."""

import pytest

from hw.fpga.names import OTHER, block_of, split_name


@pytest.mark.parametrize(
    ("name", "block", "signal"),
    [
        ("sepconv.engine.pointwise.drain.row_TRELLIS_FF_Q_3_DI_LUT4_Z", "engine.pointwise.drain", "row"),
        ("sepconv.engine.queue_load$285.queue.level[2]", "engine.queue_load.queue", "level"),
        ("sepconv.engine.depthwise.lanes.$12_MULT18X18D_P9", "engine.depthwise.lanes", "$12"),
        ("sepconv.engine.total_TRELLIS_FF_Q_DI_CCU2C_S0$CCU2_COMB0", "engine", "total"),
        ("sepconv.ready", "top", "ready"),
        ("sepconv.engine.store.buffer.memory.0.7_DO_1", "engine.store.buffer", "7_DO_1"),
        ("sepconv.engine.depthwise.lanes.U$3.low_TRELLIS_FF_Q", "engine.depthwise.lanes", "low"),
        ("sepconv.engine.store.row_SB_DFF_Q_3", "engine.store", "row"),
        ("sepconv.engine.store.row_CC_DFF_Q_D_CC_ADDF_S", "engine.store", "row"),
        ("sepconv.engine.store.row_DFFE_Q", "engine.store", "row"),
        ("sepconv.engine.store.row_FD1P3IX_Q_1_D_CCU2_S0", "engine.store", "row"),
        ("pins_in_TRELLIS_FF_Q_17", "pins", "pins_in"),
        ("$abc$1234$lut$567", OTHER, "$abc"),
    ],
)
def test_names(name: str, block: str, signal: str) -> None:
    assert split_name(name)[0] == block_of(name) == block
    if block != OTHER:
        assert split_name(name)[1] == signal
