"""What can't be compiled."""

from golden.refusal import Refusal


class CompileError(Refusal):
    """A layer the engine does not run, or one that can't be placed: says which, what is short, and by how much."""


class DoesNotFit(CompileError):
    """An on-chip memory is too small.

    Parameters
    ----------
    memory: the field of `EngineConfig` that is its size
    short: bytes that are missing; 0 if there are enough, but not in one piece
    """

    def __init__(self, message: str, *, memory: str, short: int) -> None:
        super().__init__(message)
        self.memory, self.short = memory, short
