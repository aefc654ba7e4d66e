"""The multiplier of lookup tables and carry chains, on all its factors."""

import subprocess
from pathlib import Path

import pytest

from hw.gateware.multiplier import LUT_MODULE, VERILOG
from hw.latency import MULTIPLY
from hw.verilator import DEVICE_MODELS, environment

BENCH = f"""
module bench;
  reg clk = 0;
  reg signed [8:0] a, b;
  wire signed [17:0] product;
  integer first, second, wrong = 0;
  {LUT_MODULE} multiplier(.clk(clk), .a(a), .b(b), .product(product));
  initial begin
    for (first = -256; first < 256; first = first + 1)
      for (second = -256; second < 256; second = second + 1) begin
        a = first; b = second;
        repeat ({MULTIPLY}) begin #1 clk = 1; #1 clk = 0; end
        wrong = wrong + (product !== first * second);
      end
    $display("wrong: %0d", wrong);
    $finish;
  end
endmodule
"""


def wrong_products(verilog: str, directory: Path) -> str:
    (directory / "multiplier.v").write_text(verilog)
    (directory / "bench.v").write_text(BENCH)
    subprocess.run(["verilator", "--binary", "--timing", "-CFLAGS", "-std=c++20", "-Wno-fatal", "-Wno-lint",
                    "--top-module", "bench", "bench.v", "multiplier.v", str(DEVICE_MODELS.resolve())],
                   cwd=directory, env=environment(), check=True, capture_output=True)  # fmt: skip
    run = subprocess.run([directory / "obj_dir" / "Vbench"], check=True, capture_output=True, text=True)
    return next(line for line in run.stdout.splitlines() if line.startswith("wrong"))


@pytest.mark.full
def test_all_products(tmp_path: Path) -> None:
    assert wrong_products(VERILOG, tmp_path) == "wrong: 0"


@pytest.mark.full
def test_a_sign_less_is_noticed(tmp_path: Path) -> None:
    """Where the last digit is added instead of taken away."""
    assert wrong_products(VERILOG.replace(".SUBTRACT(1)", ".SUBTRACT(0)"), tmp_path) != "wrong: 0"
