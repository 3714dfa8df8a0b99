"""All decisions, pure: values in, values out. No I/O, no clock, no randomness, no logging lives here."""
