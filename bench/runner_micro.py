"""What one attempt costs on a worker host: a fake scheduler grants everything, one file, tasks that do nothing.

`python -m bench.runner_micro [attempts] [repeats]` prints a table: wall time of all attempts at once, CPU per attempt by
process, and the time from `Submit` to the first user line of attempts one after another. The scheduler's own CPU is not
counted. `floor` is fork + exit + wait of a process that loaded the same, nothing else.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.runner.fake_scheduler import HostUnderTest, host_under_test, submission
from windward.model.states import Isolation

DAG_FILE = """
import time
from datetime import datetime
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator

class Nothing(BaseOperator):
    def execute(self, context):
        pass

class Clock(BaseOperator):
    def execute(self, context):
        return time.monotonic()

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Nothing(task_id="nothing"); Clock(task_id="clock")
"""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_LATENCY_ROUNDS = 50


def fences() -> Iterator[int]:
    """Give each attempt a fence of its own."""
    number = 0
    while True:
        number += 1
        yield number


def cpu_s(pid: int) -> tuple[float, float]:
    """Return CPU seconds of a process, and of its children that were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    user, system, child_user, child_system = (int(field) * _TICK_S for field in fields[11:15])
    return user + system, child_user + child_system


def cpu_by_process(host: HostUnderTest) -> dict[str, float]:
    """Return CPU seconds so far: host, templates, and children that have ended (warm ones still live)."""
    templates = [cpu_s(pid) for pid in host.templates()]
    alive = [cpu_s(pid)[0] for template in host.templates() for pid in host.children_of(template)]
    return {
        "host": cpu_s(host.process.pid)[0],
        "template": sum(own for own, _ in templates),
        "children": sum(ended for _, ended in templates) + sum(alive),
    }


def burst(host: HostUnderTest, name: str, fence: Iterator[int], attempts: int, isolation: Isolation) -> str:
    """Run many attempts at once; return a row."""
    works = [submission(name, "nothing", fence=next(fence), isolation=isolation) for _ in range(attempts)]
    before, began = cpu_by_process(host), time.perf_counter()
    host.run(*works)
    wall = time.perf_counter() - began
    if isolation is Isolation.ISOLATED:
        host.scheduler.until(lambda: not host.children_of(host.templates()[0]))
    after = cpu_by_process(host)
    each = {part: (after[part] - before[part]) * 1000 / attempts for part in after}
    parts = " ".join(f"{part} {ms:5.2f}" for part, ms in each.items())
    return f"{isolation:9} wall {wall:6.3f} s  {wall * 1000 / attempts:5.2f} ms each  CPU {sum(each.values()):5.2f} ms ({parts})"


def latency_ms(host: HostUnderTest, name: str, fence: Iterator[int], isolation: Isolation) -> list[float]:
    """Return milliseconds from `Submit` to the first user line, attempt by attempt."""
    found: list[float] = []
    for _ in range(_LATENCY_ROUNDS):
        work = submission(name, "clock", fence=next(fence), isolation=isolation)
        began = time.monotonic()
        [ending] = host.run(work)
        [xcom] = ending.outcome.xcoms  # type: ignore[union-attr]
        found.append((float(xcom.value.data or b"nan") - began) * 1000)
    return sorted(found)


FLOOR = """
import os, resource, sys
from windward.runner.template import prepare_host
prepare_host()
count = int(sys.argv[1])
def cpu(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime
before = cpu(resource.RUSAGE_SELF) + cpu(resource.RUSAGE_CHILDREN)
for _ in range(count):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
after = cpu(resource.RUSAGE_SELF) + cpu(resource.RUSAGE_CHILDREN)
print(f"floor     fork, exit, wait of the prepared process: CPU {(after - before) * 1000 / count:.2f} ms")
"""


def main() -> None:
    """Print the table."""
    attempts = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    subprocess.run([sys.executable, "-c", FLOOR, str(attempts)], check=True)
    with tempfile.TemporaryDirectory(prefix="ww") as folder, host_under_test(Path(folder)) as host:
        name, fence = host.write("f.py", DAG_FILE), fences()
        for isolation in Isolation:
            host.run(*[submission(name, "nothing", fence=next(fence), isolation=isolation) for _ in range(4)])
            for _ in range(repeats):
                print(burst(host, name, fence, attempts, isolation))
            times = latency_ms(host, name, fence, isolation)
            print(
                f"{isolation:9} submit to first user line: median {statistics.median(times):.2f} ms, "
                f"90 % {times[int(len(times) * 0.9)]:.2f} ms, least {times[0]:.2f} ms"
            )


if __name__ == "__main__":
    main()
