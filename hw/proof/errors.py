"""What a program fails by."""


class ProofError(ValueError):
    """A program that may hang, or come out differently, under some delays: names the commands and the place."""
