"""The engine in Amaranth, one file per block of the diagram in `docs/architecture.md`."""
