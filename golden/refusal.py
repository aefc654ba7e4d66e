"""What all errors have in common that are the user's to mend."""


class Refusal(ValueError):
    """A request that can't be met as it stands: the message says what, where, and what would be right."""
