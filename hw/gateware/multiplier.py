"""Signed multipliers behind one function: portable, a device's own block, or lookup tables, all of the same latency."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, Value, signed

from hw.latency import MULTIPLY
from hw.multipliers import Kind

LUT_MODULE = "sepconv_lut_multiplier"

VERILOG = f"""
module {LUT_MODULE} #(parameter WIDTH = 9) (
    input clk,
    input signed [WIDTH - 1:0] a,
    input [8:0] b,
    output reg signed [WIDTH + 8:0] product
);
  reg signed [WIDTH - 1:0] factor;
  reg [8:0] digits;
  reg signed [WIDTH + 8:0] low, high, sign;
  wire signed [WIDTH + 8:0] wide = factor;
  always @(posedge clk) begin
    factor <= a;
    digits <= b;
    low <= (digits[0] ? wide : 0) + (digits[1] ? wide << 1 : 0) + (digits[2] ? wide << 2 : 0)
        + (digits[3] ? wide << 3 : 0);
    high <= (digits[4] ? wide << 4 : 0) + (digits[5] ? wide << 5 : 0) + (digits[6] ? wide << 6 : 0)
        + (digits[7] ? wide << 7 : 0);
    sign <= digits[8] ? wide << 8 : 0;
    product <= low + high - sign;
  end
endmodule
"""
"""A product by a factor of 9 bits in additions, so that synthesis can't take a block for it."""

BLOCK_BITS = 18
"""Of both factors of an ECP5's MULT18X18D."""

_REGISTERS = {f"p_REG_{place}_{what}": value
              for place in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
              for what, value in (("CLK", "CLK0"), ("CE", "CE0"), ("RST", "RST0"))}


def multiply(m: Module, a: Value, b: Value, *, name: str, kind: Kind) -> Signal:
    """Signed product of two signed values, `latency.MULTIPLY` cycles later; never stalls, is not reset.

    Parameters
    ----------
    name: of the product's signal
    kind: ``portable``: left to synthesis; ``ecp5``: one block of the device, both factors up to 18 bits; ``lut``:
        lookup tables only, `b` of 9 bits
    """
    width = len(a) + len(b)
    product = Signal(signed(width), name=name, reset_less=True)
    if kind == "ecp5":
        _block(m, a, b, product)
    elif kind == "lut":
        m.submodules += Instance(LUT_MODULE, p_WIDTH=len(a), i_clk=ClockSignal(), i_a=a, i_b=b, o_product=product)
    else:
        factors = [Signal.like(factor, name=f"{name}_{side}", reset_less=True) for side, factor in (("a", a), ("b", b))]
        middle = Signal(signed(width), name=f"{name}_middle", reset_less=True)
        m.d.sync += [*(register.eq(factor) for register, factor in zip(factors, (a, b), strict=True)),
                     middle.eq(factors[0] * factors[1]), product.eq(middle)]
    return product


def _block(m: Module, a: Value, b: Value, product: Signal) -> None:
    """The block with all its registers in use; factors are extended by their signs."""
    assert max(len(a), len(b)) <= BLOCK_BITS
    factors = [Signal(signed(BLOCK_BITS), name=f"{product.name}_{side}") for side in "ab"]
    result = Signal(signed(2 * BLOCK_BITS), name=f"{product.name}_block")
    m.d.comb += [factors[0].eq(a), factors[1].eq(b), product.eq(result)]
    ports = {f"i_{side.upper()}{bit}": factor[bit] for side, factor in zip("ab", factors, strict=True)
             for bit in range(BLOCK_BITS)}
    ports |= {f"o_P{bit}": result[bit] for bit in range(2 * BLOCK_BITS)}
    m.submodules += Instance(
        "MULT18X18D", **_REGISTERS, **ports, i_SIGNEDA=Const(1, 1), i_SIGNEDB=Const(1, 1), i_SOURCEA=Const(0, 1),
        i_SOURCEB=Const(0, 1), i_CLK0=ClockSignal(), i_CE0=Const(1, 1), i_RST0=Const(0, 1))


assert MULTIPLY == 3
