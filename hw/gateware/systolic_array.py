"""The weight-stationary systolic array: `pe_rows` input channels × `pe_cols` output channels × `pe_pixels` pixels."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from hw.config import EngineConfig
from hw.gateware.component import Component
from hw.gateware.layouts import delayed
from hw.gateware.multiplier import multiply
from hw.multipliers import share


def sum_bits(config: EngineConfig) -> int:
    """Bits of a column's sum of `pe_rows` 9 × 9-bit products."""
    return 18 + (config.pe_rows - 1).bit_length()


class SystolicArray(Component):
    """Each cycle a vector of `pe_pixels` pixels enters; operands move right, sums move down, weights stay.

    Every processing element has two weights. `bank`, which travels a cycle ahead of the operands, says which one
    multiplies; the other is being loaded.

    Members
    -------
    operands : In, `pe_rows` × `pe_pixels` × signed(9); row r is delayed r cycles inside.
    bank : In(1), a cycle before the operands.
    weights : In, `weight_rows_per_word` × `pe_cols` × signed(9).
    load : In(pe_rows), rows of bank `load_bank` that take `weights`.
    sums : Out, `pe_cols` × `pe_pixels` × signed(`sum_bits`).

    Timing
    ------
    Column c's sums come `latency.MULTIPLY` + `pe_rows` + c cycles after the operands. A row of weights reaches column c
    after c cycles and multiplies two cycles later.
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config, self.share = config, share(config)
        super().__init__({
            "operands": In(data.ArrayLayout(data.ArrayLayout(signed(9), config.pe_pixels), config.pe_rows)),
            "bank": In(1),
            "weights": In(data.ArrayLayout(data.ArrayLayout(signed(9), config.pe_cols), config.weight_rows_per_word)),
            "load": In(config.pe_rows),
            "load_bank": In(1),
            "sums": Out(data.ArrayLayout(data.ArrayLayout(signed(sum_bits(config)), config.pe_pixels),
                                         config.pe_cols)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        pixels, rows, cols = config.pe_pixels, config.pe_rows, config.pe_cols

        # Weights and their enables move right by one column a cycle, the same for all rows.
        control = Cat(self.load_bank, self.load)
        load = []
        for column in range(cols):
            load.append(control)
            control = delayed(m, control, 1, f"load_{column}")
        weights = [[delayed(m, self.weights[line][column], column, f"weight_{line}_{column}")
                    for column in range(cols)] for line in range(config.weight_rows_per_word)]

        above: list[list] = [[0] * pixels for _ in range(cols)]
        for row in range(rows):
            operand = [delayed(m, self.operands[row][pixel], row, f"skew_{row}_{pixel}") for pixel in range(pixels)]
            bank = delayed(m, self.bank, row, f"skew_{row}_bank")
            for column in range(cols):
                above[column] = self._element(m, row, column, operand, bank, load[column],
                                              weights[row % config.weight_rows_per_word][column], above[column])
                operand = [delayed(m, operand[pixel], 1, f"operand_{row}_{column}_{pixel}")
                           for pixel in range(pixels)]
                bank = delayed(m, bank, 1, f"bank_{row}_{column}")
        for column in range(cols):
            for pixel in range(pixels):
                m.d.comb += self.sums[column][pixel].eq(above[column][pixel])
        return m

    def _element(self, m: Module, row: int, column: int, operand: list, bank, load, weight, above: list) -> list:
        """Processing element: one weight in use, `pe_pixels` multiply-accumulates; returns its sums."""
        kept = [Signal(signed(9), name=f"kept_{row}_{column}_{index}", reset_less=True) for index in range(2)]
        for index in range(2):
            with m.If(load[1 + row] & (load[0] == index)):
                m.d.sync += kept[index].eq(weight)
        # `bank` is the same all along a diagonal: what it chooses has a register by the multiplier.
        used = Signal(signed(9), name=f"used_{row}_{column}", reset_less=True)
        m.d.sync += used.eq(Mux(bank, kept[1], kept[0]))
        sums = []
        for pixel in range(self.config.pe_pixels):
            number = (row * self.config.pe_cols + column) * self.config.pe_pixels + pixel
            product = multiply(m, operand[pixel], used, name=f"product_{row}_{column}_{pixel}",
                               kind=self.share.in_array(number))
            total = Signal(signed(sum_bits(self.config)), name=f"sum_{row}_{column}_{pixel}", reset_less=True)
            m.d.sync += total.eq(above[pixel] + product)
            sums.append(total)
        return sums
