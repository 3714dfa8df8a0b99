"""What a fork costs: the measure of a machine, for most of what an orchestrator does is to begin processes."""

from __future__ import annotations

import os
import statistics
import time

FLOOR_BYTES, FLOOR_FORKS = 48 * 2**20, 101
NUMBERS_MS = 2.3
"""The floor of the machine that the numbers to reach are for."""


def floor_ms() -> float:
    """Return the median time of fork, exit and wait of a process with `FLOOR_BYTES` more than an interpreter."""
    ballast = bytearray(FLOOR_BYTES)
    ballast[::4096] = b"x" * len(ballast[::4096])
    took = []
    for _ in range(FLOOR_FORKS):
        began_s = time.perf_counter()
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        took.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(took)
