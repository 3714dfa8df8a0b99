"""What a tree of processes costs, read from /proc: processor time, memory, and who is in it."""

import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """Return a process and all below it, parents before children."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(int(stat.parent.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += sorted(children.get(pid, []))
    return found


def cpu_s(root: int) -> float:
    """Return the processor seconds that a tree has used so far, with those of its dead who were waited for."""
    used = 0.0
    for pid in tree(root):
        fields = _fields(pid)
        used += sum(int(field) for field in fields[11:15]) * TICK_S
    return used


def ran_s(pid: int) -> float:
    """Return the processor seconds of the threads that a process has now, to the nanosecond."""
    found = 0
    for schedstat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        found += int(schedstat.read_text().split()[0])
    return found / 1e9


def cpu_by_name(root: int) -> dict[str, float]:
    """Return the processor seconds of a tree by the names of its processes; the dead count for who waited."""
    used: dict[str, float] = {}
    for pid in tree(root):
        fields = _fields(pid)
        seconds = sum(int(field) for field in fields[11:15]) * TICK_S
        used[name(pid)] = used.get(name(pid), 0.0) + seconds
    return used


def pss_mb(root: int) -> float:
    """Return the memory of a tree in MB; what processes share counts once."""
    return sum(pss_by_pid(root).values())


def pss_by_pid(root: int) -> dict[int, float]:
    """Return the memory of each process of a tree in MB."""
    found = {}
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        found[pid] = next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return found


def name(pid: int) -> str:
    """Return the command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def parent(pid: int) -> int:
    """Return the parent of a process; 0 when it has ended."""
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name; none when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
