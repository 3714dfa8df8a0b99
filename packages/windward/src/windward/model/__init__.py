"""The vocabulary: states, ids and frozen records that every other package speaks. No I/O lives here."""
