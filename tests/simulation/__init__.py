"""A whole Windward in one thread: production decisions and engine, seeded dice, fake clock, faults."""
