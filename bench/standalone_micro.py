"""What `windward standalone` costs when nothing happens: `python -m bench.standalone_micro [IDLE_SECONDS]`.

Prints the time from the command to a healthy API, the memory of all processes (PSS, so that what they share counts
once), the processor time that idling takes, and the queries that it sends.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HEALTHY_S_MAX = 15.0
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure once and print."""
    idle_s = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory(prefix="windward-bench-") as home, Path(f"{home}.log").open("w") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            [f"{Path(sys.executable).parent}/windward", "standalone", "--port", "0"],
            env={**os.environ, "WINDWARD_HOME": home},
            stderr=log,
        )
        try:
            healthy_s = wait_until_healthy(process, Path(log.name), began)
            time.sleep(3.0)  # a measurement, not a test: let the start settle
            pids = tree(process.pid)
            pss = {pid: pss_kb(pid) for pid in pids}
            before, sent = {pid: cpu_s(pid) for pid in pids}, queries(pids, Path(log.name))
            time.sleep(idle_s)
            used_s = {pid: cpu_s(pid) - before[pid] for pid in pids}
            sent = queries(pids, Path(log.name)) - sent
            print(f"time to healthy   {healthy_s:6.2f} s")
            print(f"memory (PSS)      {sum(pss.values()) / 1024:6.1f} MB in {len(pids)} processes")
            for pid in pids:
                print(
                    f"                  {pss[pid] / 1024:6.1f} MB  {name(pid)}  {used_s[pid] * 1000:.0f} ms CPU"
                )
            print(
                f"idle              {100 * sum(used_s.values()) / idle_s:6.2f} % of a core over {idle_s:g} s"
            )
            print(f"queries           {sent / idle_s:6.2f} per second")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            Path(log.name).unlink()


def wait_until_healthy(process: "subprocess.Popen[bytes]", log: Path, began: float) -> float:
    """Return the seconds until the API says that every component is healthy."""
    while time.monotonic() - began < HEALTHY_S_MAX:
        assert process.poll() is None, log.read_text()
        found = re.search(r"http://[\d.:]+", log.read_text())
        if found:
            try:
                with urllib.request.urlopen(f"{found[0]}/api/v2/monitor/health", timeout=5) as answer:
                    body = json.load(answer)
            except OSError:
                body = {}
            parts = ("metadatabase", "scheduler", "dag_processor", "workers")
            if all(body.get(part, {}).get("status") == "healthy" for part in parts):
                return time.monotonic() - began
        time.sleep(0.01)
    raise AssertionError(log.read_text())


def tree(root: int) -> list[int]:
    """Return a process and all below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += sorted(children.get(pid, []))
    return found


def pss_kb(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def name(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()[-60:]


def queries(pids: list[int], log: Path) -> int:
    """Ask the components that have a store how many queries they have sent."""
    named = {"windward scheduler", "windward processor", "windward api-server"}
    # Children of the supervisor only: what they forked may still have their name.
    mine = [pid for pid in pids if name(pid) in named and parent(pid) == pids[0]]
    start = len(log.read_text())
    for pid in mine:
        os.kill(pid, signal.SIGUSR2)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = re.findall(r"store counters queries=(\d+)", log.read_text()[start:])
        if len(found) == len(mine):
            return sum(int(count) for count in found)
        time.sleep(0.01)
    raise AssertionError("a component did not answer")


if __name__ == "__main__":
    main()
