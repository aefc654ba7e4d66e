"""What can go wrong between a host and an engine."""

from hw.commands import UNITS, Command
from hw.faults import BY_CODE, SOURCES, describe
from hw.program import Program


class DriverError(RuntimeError):
    """The engine is not what or where it should be, or was asked out of turn."""


class EngineTimeoutError(DriverError):
    """The engine has not ended in time; it still runs."""


class EngineFaultError(DriverError):
    """The engine has stopped; its error registers, and what they point at in the program.

    Members
    -------
    code, name: of the fault, as in `hw.faults`
    unit: who it happened to: a unit, ``fetch`` or ``host``
    index: of the command among those of its unit; of `fetch`: block of the program
    command: the program's; None if the fault has none
    layer: of the command, or ``""``
    address: where it happened; None if the fault has none
    """

    def __init__(self, *, code: int, source: int, index: int, address: int, program: Program | None = None) -> None:
        fault = BY_CODE.get(code)
        self.code, self.index = code, index
        self.name = fault.name if fault else ""
        self.unit = SOURCES[source] if source < len(SOURCES) else ""
        self.address = address if fault and fault.address else None
        self.command = find_command(program, self.unit, index) if program and fault and fault.command else None
        self.layer = program.layers[self.command.layer] if program and self.command else ""
        layer = f" in layer {self.layer}" if self.layer else ""
        super().__init__(describe(code, source, index, address) + layer)


def find_command(program: Program, unit: str, index: int) -> Command | None:
    """Command `index` of `unit`, or the one in that block of the program if `fetch` stumbled over it."""
    if unit in UNITS:
        commands = [command for command in program.commands if command.unit == unit]
        return commands[index] if index < len(commands) else None
    if unit == "fetch" and 0 < index <= len(program.commands):
        return program.commands[index - 1]
    return None
