"""Everything that stops the engine before its program has ended: one table for gateware, driver and documentation."""

from dataclasses import dataclass

from hw.commands import UNITS

SOURCES = (*UNITS, "fetch", "host")
"""Who a fault is put down to, in the order of the codes in the register ERROR."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One reason to stop.

    Parameters
    ----------
    code: in the register ERROR; never 0
    name: of the code
    text: what has happened, for people
    command: what ERROR_COMMAND holds; empty if nothing
    address: what ERROR_ADDRESS holds; empty if nothing
    """

    code: int
    name: str
    text: str
    command: str = ""
    address: str = ""


_BLOCK = {"command": "block of the program, 0 its header", "address": "first byte of the block"}
_COMMAND = "index among the commands of its unit; of `fetch`: block of the program"

FAULTS = (
    Fault(code=1, name="program", text="the program is not of this format", **_BLOCK),
    Fault(code=2, name="configuration", text="the program is for another configuration", **_BLOCK),
    Fault(code=3, name="checksum", text="a block of the program is broken", **_BLOCK),
    Fault(code=4, name="tag", text="a block belongs to another program", **_BLOCK),
    Fault(code=5, name="unit", text="a command names no unit", **_BLOCK),
    Fault(code=6, name="count", text="a command has nothing to do: one of its counts is 0", **_BLOCK),
    Fault(code=7, name="fields", text="a command's fields contradict one another, or the engine's sizes",
          command="index of the command among those of its unit"),
    Fault(code=8, name="read_slave", text="the memory answered a read with SLVERR", command=_COMMAND,
          address="first byte of the beat"),
    Fault(code=9, name="read_decode", text="the memory answered a read with DECERR", command=_COMMAND,
          address="first byte of the beat"),
    Fault(code=10, name="write_slave", text="the memory answered a write with SLVERR", command=_COMMAND,
          address="first byte of the burst"),
    Fault(code=11, name="write_decode", text="the memory answered a write with DECERR", command=_COMMAND,
          address="first byte of the burst"),
    Fault(code=12, name="read_window", text="a read outside of the read window was held back", command=_COMMAND,
          address="first byte of the burst"),
    Fault(code=13, name="write_window", text="a write outside of the write window was held back", command=_COMMAND,
          address="first byte of the burst"),
    Fault(code=14, name="burst", text="an empty burst, or one not at a multiple of the bus width, was held back",
          command=_COMMAND, address="first byte of the burst"),
    Fault(code=16, name="deadlock", text="a command waits for what nobody is going to do",
          command="index of the waiting command among those of its unit"),
    Fault(code=17, name="conflict", text="two units met in one bank of the activation memory",
          command="index, among those of its unit, of the oldest command not ended",
          address="bank group of the activation memory"),
    Fault(code=18, name="stopped", text="the host stopped the engine"),
    Fault(code=19, name="busy", text="the host started the engine while it ran"),
)

CODES = {fault.name: fault.code for fault in FAULTS}
BY_CODE = {fault.code: fault for fault in FAULTS}


def describe(code: int, source: int, command: int, address: int) -> str:
    """What the error registers say, in one line."""
    fault = BY_CODE.get(code)
    if fault is None:
        return f"unknown error {code}"
    where = SOURCES[source] if source < len(SOURCES) else f"unit {source}"
    parts = [where] if where != "host" else []
    if fault.command:
        parts.append(f"{'block' if where == 'fetch' else 'command'} {command}")
    if fault.address:
        parts.append(f"group {address}" if fault.name == "conflict" else f"address {address:#x}")
    return f"error {code} ({fault.name}): {fault.text}" + (f" [{', '.join(parts)}]" if parts else "")
