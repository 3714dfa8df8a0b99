"""W5: `windward standalone` on a fresh home: time to a healthy API, memory, and what idling costs."""

import time
from collections.abc import Iterator

from bench import processes
from bench.harness import Standalone
from bench.rows import Row

SETTLE_S = 5.0
IDLE_S = 20.0


def measure(repeat: int) -> Iterator[Row]:
    """Start as often as asked for; idle once, at the end."""
    starts, sizes = list[float](), list[float]()
    for number in range(repeat):
        with Standalone({}) as standalone:
            starts.append(standalone.wait_until_healthy())
            used_s = standalone.cpu_s()
            time.sleep(SETTLE_S if number == repeat - 1 else 1.0)
            sizes.append(standalone.pss_mb())
            if number == repeat - 1:
                pids = processes.tree(standalone.process.pid)
                percent, queries = standalone.idle(IDLE_S)
                yield Row(
                    name="W5",
                    what="fresh home to healthy API",
                    unit="s",
                    values=starts,
                    at_most=2.0,
                    note=f"CPU {used_s:.2f} s",
                )
                yield Row(
                    name="W5",
                    what="memory (PSS)",
                    unit="MB",
                    values=sizes,
                    at_most=200.0,
                    note=f"{len(pids)} processes",
                )
                yield Row(name="W5", what="idle, share of a core", unit="%", values=[percent], at_most=0.3)
                yield Row(
                    name="W5", what="idle, queries per second", unit="/s", values=[queries], at_most=1.0
                )
