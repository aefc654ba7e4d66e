"""Runs programs on an engine from a host: in Python over any `Bus`, and in C99 (``sepconv.c``)."""
