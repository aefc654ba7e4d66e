"""Block memory behind one small component: one write port, one read port with a register behind it."""

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.gateware.component import Component
from hw.latency import RAM_READ

VERILOG_MODULE = "sepconv_ram"

_PORTS = """#(
    parameter WIDTH = 8, parameter DEPTH = 2, parameter GRANULE = 8, parameter ADDRESS = 1,
    parameter STYLE = "auto"
) (
    input clk,
    input [WIDTH / GRANULE - 1:0] write_enable,
    input [ADDRESS - 1:0] write_address,
    input [WIDTH - 1:0] write_data,
    input [ADDRESS - 1:0] read_address,
    input [1:0] read_hold,
    output [WIDTH - 1:0] read_data
);"""

VERILOG = f"""
module {VERILOG_MODULE}_block {_PORTS}
  (* no_rw_check, ram_style = STYLE *) reg [WIDTH - 1:0] memory [0:DEPTH - 1];
  reg [WIDTH - 1:0] word, answer;
  assign read_data = answer;
  integer index;
  always @(posedge clk) begin
    for (index = 0; index < WIDTH / GRANULE; index = index + 1)
      if (write_enable[index])
        memory[write_address][index * GRANULE +: GRANULE] <= write_data[index * GRANULE +: GRANULE];
    if (!read_hold[0])
`ifdef VERILATOR
      // Nothing may depend on a word that is read while it is written: simulations spoil it.
      word <= write_enable != 0 && write_address == read_address ? ~memory[read_address] : memory[read_address];
`else
      word <= memory[read_address];
`endif
    if (!read_hold[1])
      answer <= word;
  end
endmodule

module {VERILOG_MODULE} {_PORTS}
  localparam PLACE = 11;
  localparam PARTS = (DEPTH + (1 << PLACE) - 1) >> PLACE;
  genvar index;
  generate
    if (PARTS == 1) begin : whole
      {VERILOG_MODULE}_block #(
          .WIDTH(WIDTH), .DEPTH(DEPTH), .GRANULE(GRANULE), .ADDRESS(ADDRESS), .STYLE(STYLE)
      ) block (
          .clk(clk), .write_enable(write_enable), .write_address(write_address), .write_data(write_data),
          .read_address(read_address), .read_hold(read_hold), .read_data(read_data));
    end else begin : parts
      wire [WIDTH - 1:0] of_part [0:PARTS - 1];
      reg [ADDRESS - PLACE - 1:0] asked, answers;
      always @(posedge clk) begin
        if (!read_hold[0])
          asked <= read_address[ADDRESS - 1:PLACE];
        if (!read_hold[1])
          answers <= asked;
      end
      assign read_data = of_part[answers];
      for (index = 0; index < PARTS; index = index + 1) begin : part
        localparam [ADDRESS - PLACE - 1:0] NUMBER = index[ADDRESS - PLACE - 1:0];
        wire written = write_address[ADDRESS - 1:PLACE] == NUMBER;
        {VERILOG_MODULE}_block #(
            .WIDTH(WIDTH), .GRANULE(GRANULE), .ADDRESS(PLACE), .STYLE(STYLE),
            .DEPTH(index == PARTS - 1 ? DEPTH - (index << PLACE) : 1 << PLACE)
        ) block (
            .clk(clk), .write_enable(write_enable & {{WIDTH / GRANULE{{written}}}}),
            .write_address(write_address[PLACE - 1:0]), .write_data(write_data),
            .read_address(read_address[PLACE - 1:0]), .read_hold(read_hold), .read_data(of_part[index]));
      end
    end
  endgenerate
endmodule
"""
"""The same memory in Verilog. Amaranth would spell out each initial word, of which there are half a million bytes.

What is read of a word while it is written is left open (`no_rw_check`): block memories do not define it, and synthesis
would put hundreds of registers and LUTs round each of them to do so. A deep memory has the second register in each of
its parts, where block memories have one of their own, and chooses behind it: chosen first, a word would come late.
"""


class VerilogPlatform:
    """Platform of the Verilog back end: block memories become instances of `VERILOG_MODULE`."""


assert RAM_READ == 2


class Ram(Component):
    """`depth` words of `width` bits, written in granules of `granule` bits; contents are undefined at start.

    Few words may become lookup tables, if these are fewer than synthesis thinks a block is worth; not so of a `block`.

    Members
    -------
    write_enable : In, a bit per granule; write_address, write_data : In.
    read_address : In; read_data : Out, `latency.RAM_READ` cycles later; undefined if it is being written. Of more than
        2048 words it is chosen from several registers.
    read_hold : In(2), the memory keeps its word and takes no address, the register behind it keeps its own.
    """

    def __init__(self, *, width: int, depth: int, granule: int, block: bool = False) -> None:
        self.width, self.depth, self.granule, self.block = width, depth, granule, block
        address = range(depth)
        super().__init__({
            "write_enable": In(width // granule), "write_address": In(address), "write_data": In(width),
            "read_address": In(address), "read_hold": In(2), "read_data": Out(width),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(platform, VerilogPlatform):
            m.submodules.ram = Instance(
                VERILOG_MODULE, p_WIDTH=self.width, p_DEPTH=self.depth, p_GRANULE=self.granule,
                p_ADDRESS=len(self.read_address), p_STYLE="block" if self.block else "auto", i_clk=ClockSignal(),
                i_write_enable=self.write_enable, i_write_address=self.write_address, i_write_data=self.write_data,
                i_read_address=self.read_address, i_read_hold=self.read_hold, o_read_data=self.read_data)
            return m
        m.submodules.memory = memory = Memory(shape=self.width, depth=self.depth, init=[])
        read, write = memory.read_port(), memory.write_port(granularity=self.granule)
        m.d.comb += [
            write.en.eq(self.write_enable), write.addr.eq(self.write_address), write.data.eq(self.write_data),
            read.addr.eq(self.read_address), read.en.eq(~self.read_hold[0]),
        ]
        with m.If(~self.read_hold[1]):
            m.d.sync += self.read_data.eq(read.data)
        return m
