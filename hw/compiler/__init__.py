"""Lowers layers, a configuration and a schedule to a `Program`."""
