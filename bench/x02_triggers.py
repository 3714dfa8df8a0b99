"""5,000 sleeping triggers in one triggerer: what they weigh, what they cost while nothing happens, how fast they fire.

A bare socket stands for the scheduler, so that only the triggerer is measured.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.rows import Row
from windward.protocol.framing import FrameReader, frame
from windward.protocol.messages import FromHost, Hello, Welcome
from windward.protocol.triggers import FiredAccepted, TriggerFired, TriggerWork, Watch
from windward.protocol.work import AttemptRef
from windward.sdk import serde
from windward.sdk.triggers.temporal import DateTimeTrigger

COUNT = 5_000
BATCH = 500
IDLE_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(_repeat: int) -> Iterator[Row]:
    """Measure once: it takes a minute, and says the same each time."""
    with tempfile.TemporaryDirectory(prefix="windward-bench-") as folder:
        home = Path(folder)
        (home / "run").mkdir(mode=0o700)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(home / "run" / "scheduler.sock"))
        listener.listen()
        environ = {**os.environ, "WINDWARD_HOME": folder, "WINDWARD__TRIGGERER__CAPACITY": str(COUNT)}
        process = subprocess.Popen([sys.executable, "-P", "-m", "windward.app.triggerer"], env=environ)
        try:
            yield from _measure(listener, process.pid)
        finally:
            process.terminate()
            process.wait()
            listener.close()


def _measure(listener: socket.socket, pid: int) -> Iterator[Row]:
    connection, _ = listener.accept()
    frames: FrameReader[FromHost] = FrameReader(FromHost)
    while not any(isinstance(message, Hello) for message in frames.feed(connection.recv(65_536))):
        pass
    connection.sendall(frame(Welcome(lease_s=30.0)))
    time.sleep(1.0)
    empty = _private_bytes(pid)
    at = datetime.now(UTC) + timedelta(seconds=IDLE_S + 15)
    began = time.monotonic()
    path, kwargs = DateTimeTrigger(at).serialize()
    packed = serde.pack(kwargs, name="bench")
    for start in range(0, COUNT, BATCH):
        work = tuple(
            TriggerWork(
                ref=AttemptRef(1, f"t{n}", -1, 1), class_path=path, kwargs=packed, dag_id="bench",
                log_path=f"bench/t{n}.log",
            )
            for n in range(start, start + BATCH)
        )  # fmt: skip
        connection.sendall(frame(Watch(work=work)))
    connection.settimeout(0.2)
    time.sleep(10.0 - (time.monotonic() - began))
    full = _private_bytes(pid)
    note = f"{(full - empty) / COUNT:.0f} bytes each, {empty / 1e6:.0f} MB without any"
    yield Row(
        name="X2",
        what=f"{COUNT} sleeping triggers, private memory",
        unit="MB",
        values=[full / 1e6],
        note=note,
    )
    before, began = _cpu_s(pid), time.monotonic()
    time.sleep(IDLE_S)
    share = (_cpu_s(pid) - before) / (time.monotonic() - began)
    yield Row(name="X2", what="the same, asleep, share of a core", unit="%", values=[100 * share])
    connection.settimeout(60)
    fired = 0
    first = last = 0.0
    while fired < COUNT:
        for message in frames.feed(connection.recv(1 << 20)):
            if isinstance(message, TriggerFired):
                first = first or time.monotonic()
                last = time.monotonic()
                fired += 1
                connection.sendall(frame(FiredAccepted(ref=message.ref)))
    note = f"{COUNT / (last - first):.0f} a second"
    yield Row(
        name="X2",
        what="the same, from the first fired to the last",
        unit="s",
        values=[last - first],
        note=note,
    )


def _private_bytes(pid: int) -> int:
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean", "Private_Dirty")):
            total += int(line.split()[1]) * 1024
    return total


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
