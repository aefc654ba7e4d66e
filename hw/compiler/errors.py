"""What can't be compiled."""


class CompileError(ValueError):
    """A layer the engine does not run, or one that can't be placed: says which, what is short, and by how much."""
