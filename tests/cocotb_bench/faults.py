"""Faults put into a program on purpose: each must be noticed by the checks of the bench."""

from collections.abc import Callable, Mapping

from hw.program import Program

FAULTS: Mapping[str, Callable[[Program], Program]] = {}
