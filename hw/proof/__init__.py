"""Proves of a program, from its commands alone, that no delays of memory or units can make it go wrong."""
