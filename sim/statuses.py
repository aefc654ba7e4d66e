"""Exit statuses of the console program."""

OK = 0
"""All well."""
FAILED = 1
"""A valid request whose check or fit did not hold."""
WRONG = 2
"""The request was wrong or can't be built."""
