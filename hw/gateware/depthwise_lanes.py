"""The depthwise multipliers: `dw_channels` × 3 × 3 products and their sum."""

from amaranth.hdl import Array, Module, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import KERNEL, EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import selector
from hw.gateware.multiplier import multiply
from hw.latency import DEPTHWISE_LANES, DEPTHWISE_TAPS, MULTIPLY
from hw.multipliers import share

TAPS = KERNEL * KERNEL
FEW = 4
"""Channel groups that are chosen among in the first of two steps."""


class DepthwiseLanes(Component):
    """Sums of (input − zero point) · (tap − zero point) over a window, one window and channel group a cycle.

    Members
    -------
    window : In, KERNEL × KERNEL × `pe_rows` bytes.
    group : In, which `dw_channels` of the `pe_rows` channels.
    taps, input_zero_point, weight_zero_point : In, `latency.DEPTHWISE_TAPS` cycles after the window.
    sums : Out, `dw_channels` × signed(32).

    Timing
    ------
    Fully pipelined, `latency.DEPTHWISE_LANES` cycles, never stalls.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config, self.share = config, share(config)
        super().__init__({
            "window": In(data.ArrayLayout(8 * config.pe_rows, TAPS)),
            "group": In(selector(config.dw_groups)),
            "input_zero_point": In(signed(8)),
            "taps": In(data.ArrayLayout(data.ArrayLayout(8, TAPS), config.dw_channels)),
            "weight_zero_point": In(signed(8)),
            "sums": Out(data.ArrayLayout(signed(32), config.dw_channels)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        channels = self.config.dw_channels
        far = Signal(selector(self.config.dw_groups), reset_less=True)
        m.d.sync += far.eq(self.group // FEW)
        for channel in range(channels):
            products = []
            for tap in range(TAPS):
                name = f"{channel}_{tap}"
                selected = Signal(signed(8), name=f"selected_{name}", reset_less=True)
                of_few = []
                for first in range(0, self.config.dw_groups, FEW):
                    byte = Signal(8, name=f"of_{first}_{name}", reset_less=True)
                    few = range(first, min(first + FEW, self.config.dw_groups))
                    m.d.sync += byte.eq(Array(self.window[tap].word_select(group * channels + channel, 8)
                                              for group in few)[self.group % FEW])
                    of_few.append(byte)
                operand, weight = (Signal(signed(9), name=f"{side}_{name}") for side in ("operand", "weight"))
                m.d.sync += selected.eq(Array(of_few)[far])
                m.d.comb += [
                    operand.eq(selected - self.input_zero_point),
                    weight.eq(self.taps[channel][tap].as_signed() - self.weight_zero_point),
                ]
                products.append(multiply(m, operand, weight, name=f"product_{name}",
                                         kind=self.share.in_depthwise(channel * TAPS + tap)))
            while len(products) > 1:
                sums = []
                for index in range(0, len(products), 3):
                    total = Signal(signed(len(products[0]) + 2), name=f"sum_{channel}_{len(products)}_{index}",
                                   reset_less=True)
                    m.d.sync += total.eq(sum(products[index:index + 3]))
                    sums.append(total)
                products = sums
            m.d.comb += self.sums[channel].eq(products[0])
        return m


assert DEPTHWISE_TAPS == 2
assert DEPTHWISE_LANES == 4 + MULTIPLY
