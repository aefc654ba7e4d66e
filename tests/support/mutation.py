"""Broken copies of modules, for tests that a check notices."""

import importlib
import inspect
from typing import Any


def mutated(module: str, old: str, new: str) -> dict[str, Any]:
    """Names of a copy of `module` in which the one occurrence of `old` is `new`.

    Raises `ValueError` if `old` is not there exactly once: the module has changed, the mutation must follow.
    """
    original = importlib.import_module(module)
    source = inspect.getsource(original)
    if source.count(old) != 1:
        raise ValueError(f"{module}: {source.count(old)} occurrences of {old!r}, not 1")
    names: dict[str, Any] = {"__name__": f"{module}_mutated", "__file__": original.__file__}
    exec(compile(source.replace(old, new), f"{original.__file__} (mutated)", "exec"), names)
    return names
