"""From an `EngineConfig` to a device: what fits, how fast it runs, and which path holds it back."""
