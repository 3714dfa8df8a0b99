"""What is carried even when nothing runs: the authors' names, the command line's start-up, the base install."""

import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from bench.harness import WINDWARD
from bench.rows import Row

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "base.txt"
IMPORT = """
import resource
from windward.sdk.names import PUBLIC
import windward
for name in PUBLIC:
    getattr(windward, name)
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # maxrss counts who forked us
print(used.ru_utime + used.ru_stime, peak.split()[1])
"""
REPEATS_PER_REPEAT = 3


def measure(repeat: int) -> Iterator[Row]:
    """Start fresh interpreters; count what the lock file installs."""
    repeats = repeat * REPEATS_PER_REPEAT
    cpu_ms, sizes = list[float](), list[float]()
    for _ in range(repeats):
        answer = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True)
        seconds, kilobytes = map(float, answer.stdout.split())
        cpu_ms.append(seconds * 1000)
        sizes.append(kilobytes / 1024)
    yield Row(
        name="X1", what="importing all authoring names, CPU", unit="ms", values=cpu_ms, at_most=250.0,
        note="the interpreter itself included",
    )  # fmt: skip
    yield Row(
        name="X1", what="importing all authoring names, peak memory", unit="MB", values=sizes, at_most=45.0
    )
    walls, cpus = list[float](), list[float]()
    for _ in range(repeats):
        before, began_s = children_cpu_s(), time.perf_counter()
        subprocess.run([WINDWARD, "--help"], check=True, stdout=subprocess.DEVNULL)
        walls.append((time.perf_counter() - began_s) * 1000)
        cpus.append((children_cpu_s() - before) * 1000)
    yield Row(
        name="X1", what="`windward --help`", unit="ms", values=walls, at_most=150.0,
        note=f"CPU {min(cpus):.0f} ms at least",
    )  # fmt: skip
    names = locked()
    yield Row(
        name="X1", what="base install, distributions", unit="", values=[len(names) + 2], at_most=50.0,
        note="our two included",
    )  # fmt: skip
    yield Row(
        name="X1", what="base install, size", unit="MB", values=[sum(map(size_mb, names))], at_most=90.0,
        note="as recorded, without compiled bytecode and our own two",
    )  # fmt: skip


def children_cpu_s() -> float:
    """Return the processor seconds of all children that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def locked() -> list[str]:
    """Return the distributions that the lock file of the base installs on this machine."""
    entries = re.findall(r"^([A-Za-z0-9][^\\\n]*?)\s*\\?$", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    requirements = map(Requirement, entries)
    return [
        requirement.name
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    ]


def size_mb(name: str) -> float:
    """Return the size of an installed distribution's files.

    Raises:
        RuntimeError: when it is not installed here, so that the sum would be too small.
    """
    try:
        files = distribution(name).files or []
    except PackageNotFoundError as error:
        raise RuntimeError(f"`{name}` is in the lock but not installed") from error
    paths = [Path(str(file.locate())) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 2**20
