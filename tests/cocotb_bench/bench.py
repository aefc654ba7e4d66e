"""Runs in the simulator: one program in the generated engine, its DRAM in Python, the result compared with golden.

What to run comes as JSON in the environment variable `JOB`, as `tests.cocotb_bench.job.Job`; the cycles of a run go
to `Job.report`.
"""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

from tests.cocotb_bench.job import Job
from tests.cocotb_bench.testbench import Testbench

AFTER = 200
"""Cycles watched after the interrupt: nothing more may happen."""


@cocotb.test()
async def fused_layers(dut) -> None:
    job = Job.from_json(os.environ["JOB"])
    scene = job.scene()
    bench = Testbench(dut, scene)
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst.value = 1
    bench.rest()
    await ClockCycles(dut.clk, 4)
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    run = await bench.run()
    await bench.stay_quiet(AFTER)
    scene.check()
    job.write_report(run)
