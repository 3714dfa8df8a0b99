"""U1: what a person sees first of a fresh home, and when."""

from collections.abc import Iterator

from bench import screens
from bench.harness import Standalone
from bench.rows import Row


def measure(repeat: int) -> Iterator[Row]:
    """Look at an empty installation."""
    screens.built()
    with Standalone({}) as standalone:
        standalone.wait_until_healthy()
        yield from screens.look("U1", "home", standalone, repeat=repeat)
