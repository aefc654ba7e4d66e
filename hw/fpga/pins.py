"""A shell of registers round the engine, so that it fits a package and all its paths have two ends.

The engine's ports belong to a system on the same chip; a board has no pins for them. Each input comes from a
register of a chain that is shifted in through one pin, each output goes to a register of a chain that is shifted out
through another. So paths from and to a port take a clock cycle like any other. The first chain shifts only while the
other takes outputs, or synthesis would take its registers for those behind the engine's inputs.
"""

from typing import Any

TOP = "sepconv_pins"
CELLS = "pins"
"""First part of the names of what belongs to the shell."""
PORTS = ("reset", "serial_in", "keep", "serial_out", "clk")
"""Of the shell; the clock may come from the device itself."""
ENGINE = "sepconv"
"""Name of the engine in it."""


def pins_verilog(description: dict[str, Any], oscillator: str = "") -> str:
    """The shell's Verilog, for the `description` of an engine that `hw.verilog` writes.

    `oscillator`: an instance of the device's own, which drives `clk` instead of a pin.
    """
    ports = [port for port in description["ports"] if port["name"] not in ("clk", "rst")]
    wired, widths = [], {"in": 0, "out": 0}
    for port in ports:
        way, low = port["direction"], widths[port["direction"]]
        widths[way] += port["width"]
        source = f"{CELLS}_in" if way == "in" else f"{CELLS}_now"
        wired.append(f"    .{port['name']}({source}[{widths[way] - 1}:{low}])")
    connections = ",\n".join([f"    .clk(clk),\n    .rst({CELLS}_reset)", *wired])
    return f"""
module {TOP} ({"" if oscillator else "input clk, "}input reset, input serial_in, input keep, output serial_out);
  {"wire clk;" if oscillator else ""} {oscillator}
  reg {CELLS}_reset, {CELLS}_keep, {CELLS}_kept;
  reg [{widths["in"] - 1}:0] {CELLS}_in;
  reg [{widths["out"] - 1}:0] {CELLS}_out;
  wire [{widths["out"] - 1}:0] {CELLS}_now;
  always @(posedge clk) begin
    {CELLS}_reset <= reset;
    {CELLS}_keep <= keep;
    {CELLS}_kept <= {CELLS}_keep;
    if ({CELLS}_keep) {CELLS}_in <= {{{CELLS}_in, serial_in}};
    {CELLS}_out <= {CELLS}_kept ? {CELLS}_now : {{{CELLS}_out, 1'b0}};
  end
  assign serial_out = {CELLS}_out[{widths["out"] - 1}];
  {description["top"]} {ENGINE} (
{connections}
  );
endmodule
"""
