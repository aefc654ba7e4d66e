"""Signed multipliers behind one function: portable, a device's own block, or lookup tables, all of the same latency."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, Value, signed

from hw.latency import MULTIPLY
from hw.multipliers import Kind

LUT_MODULE = "sepconv_lut_multiplier"

VERILOG = f"""
module sepconv_masked_sum #(parameter WIDTH = 10, parameter SUBTRACT = 0) (
    input [WIDTH - 1:0] a, b,
    input take_a, take_b,
    output [WIDTH - 1:0] sum
);
  // sum = (take_a ? a : 0) + (take_b ? b : 0), or less that: a lookup table and a carry for each bit.
  localparam INIT = SUBTRACT ? 16'h8788 : 16'h7888;
  localparam PAIRS = (WIDTH + 1) / 2;
  wire [2 * PAIRS - 1:0] left = a, right = b, all;
  wire [PAIRS:0] carry;
  assign carry[0] = SUBTRACT ? take_b : 1'b0;
  assign sum = all[WIDTH - 1:0];
  genvar index;
  generate
    for (index = 0; index < PAIRS; index = index + 1) begin : pair
      CCU2C #(.INIT0(INIT), .INIT1(INIT), .INJECT1_0("NO"), .INJECT1_1("NO")) adder (
          .CIN(carry[index]), .COUT(carry[index + 1]),
          .A0(left[2 * index]), .B0(take_a), .C0(right[2 * index]), .D0(take_b), .S0(all[2 * index]),
          .A1(left[2 * index + 1]), .B1(take_a), .C1(right[2 * index + 1]), .D1(take_b), .S1(all[2 * index + 1]));
    end
  endgenerate
endmodule

module {LUT_MODULE} #(parameter WIDTH = 9) (
    input clk,
    input signed [WIDTH - 1:0] a,
    input [8:0] b,
    output reg signed [WIDTH + 8:0] product
);
  reg signed [WIDTH - 1:0] factor, kept;
  reg [8:0] digits;
  reg negative;
  reg signed [WIDTH + 3:0] low, high;
  wire [WIDTH + 1:0] wide = {{{{2{{factor[WIDTH - 1]}}}}, factor}};
  wire signed [WIDTH + 1:0] twos [0:3];
  genvar index;
  generate
    for (index = 0; index < 4; index = index + 1) begin : two
      sepconv_masked_sum #(.WIDTH(WIDTH + 2)) digit (
          .a(wide), .take_a(digits[2 * index]), .b(wide << 1), .take_b(digits[2 * index + 1]), .sum(twos[index]));
    end
  endgenerate
  wire signed [WIDTH + 8:0] positive = low + (high <<< 4);
  wire [WIDTH:0] upper;
  sepconv_masked_sum #(.WIDTH(WIDTH + 1), .SUBTRACT(1)) sign (
      .a(positive[WIDTH + 8:8]), .take_a(1'b1), .b({{kept[WIDTH - 1], kept}}), .take_b(negative), .sum(upper));
  always @(posedge clk) begin
    factor <= a;
    digits <= b;
    low <= twos[0] + (twos[1] <<< 2);
    high <= twos[2] + (twos[3] <<< 2);
    kept <= factor;
    negative <= digits[8];
    product <= {{upper, positive[7:0]}};
  end
endmodule
"""
"""A product by a factor of 9 bits in additions, which leaves a device's blocks alone. Two digits of the factor are one
row of carries, whose tables mask both numbers they add."""

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
    """The block with all its registers in use; factors lie at the upper end, since wires for their signs cost more than
    zeros, which are configured."""
    assert max(len(a), len(b)) <= BLOCK_BITS
    factors = [Signal(signed(BLOCK_BITS), name=f"{product.name}_{side}") for side in "ab"]
    result = Signal(signed(2 * BLOCK_BITS), name=f"{product.name}_wide")
    m.d.comb += [*(factor[BLOCK_BITS - len(value):].eq(value) for factor, value in zip(factors, (a, b), strict=True)),
                 product.eq(result[-len(product):])]
    ports = {f"i_{side.upper()}{bit}": factor[bit] for side, factor in zip("ab", factors, strict=True)
             for bit in range(BLOCK_BITS)}
    ports |= {f"o_P{bit}": result[bit] for bit in range(2 * BLOCK_BITS)}
    m.submodules[f"{product.name}_block"] = Instance(
        "MULT18X18D", **_REGISTERS, **ports, i_SIGNEDA=Const(1, 1), i_SIGNEDB=Const(1, 1), i_SOURCEA=Const(0, 1),
        i_SOURCEB=Const(0, 1), i_CLK0=ClockSignal(), i_CE0=Const(1, 1), i_RST0=Const(0, 1))


assert MULTIPLY == 3
