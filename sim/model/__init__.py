"""The cycle model: when each unit of the engine does what, equal to the hardware to the cycle."""
