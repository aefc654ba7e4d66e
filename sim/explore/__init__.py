"""Which engine for a network and a device: a sweep of sizes, their area, their time, and a choice."""
