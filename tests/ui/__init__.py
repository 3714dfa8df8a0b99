"""The web interface: its own checks, its weight, and what people do in it."""
