"""The memory of a process with many threads."""

import subprocess
import sys

import pytest

THREADS = """
import sys, threading
from windward.app.memory import share_one_arena

if sys.argv[1] == "one" and not share_one_arena():
    sys.exit("no glibc")
gate = threading.Barrier(9)

def take():
    kept = [bytes(20_000) for _ in range(100)]
    gate.wait(timeout=30)
    gate.wait(timeout=30)

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
gate.wait(timeout=30)
# An arena of a thread is a piece of a range of 64 MiB, of which the rest is reserved: nothing may be done there.
count = 0
for line in open("/proc/self/maps"):
    ends, rights = line.split()[:2]
    begin, end = (int(one, 16) for one in ends.split("-"))
    count += rights == "---p" and 40 << 20 < end - begin <= 64 << 20
print(count)
gate.wait(timeout=30)
"""


def arenas(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=False)
    if "no glibc" in done.stderr:
        pytest.skip("another C library than glibc")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_threads_take_memory_from_one_arena() -> None:
    assert arenas("their own") > 0
    assert arenas("one") == 0
