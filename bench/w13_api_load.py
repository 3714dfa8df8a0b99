"""W13: 200 mixed reads a second over HTTP, next to a running scheduler and 100,000 task instances.

How long they take; what they cost the scheduler, by the fan-out of W1 with and without them; whether the API server's
memory grows; and how soon a run that is triggered over HTTP is in user code. A minute by default: BENCH_LOAD_S=3600
makes it an hour.
"""

from __future__ import annotations

import http.client
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench import processes
from bench.floor import NUMBERS_MS, floor_ms
from bench.harness import Standalone
from bench.open_load import Ask, Done, Look, Plan
from bench.rows import Row
from bench.w01_fan_out import FILE as FAN_OUT
from bench.w01_fan_out import WIDTH
from bench.w03_trigger import FILE as ONE
from bench.w12_grid import FILE as WIDE
from bench.w12_grid import RUNS, TASKS

PER_S, SECONDS = 200.0, float(os.environ.get("BENCH_LOAD_S", "60"))
WARM_S = 15.0
"""In which connections are opened, and what is remembered is filled."""
ROUNDS, ROUND, ROUND_S, SETTLE_S = 12, 5, 6.0, 0.5
"""How often the fan-out runs alone and under load in turn, how often in a row, and how long the load lasts each time:
one round says little, for a machine that is shared runs at another speed ten seconds later."""
FILLED = 0.25
"""The part of the load after which memory is compared: what the server remembers is bounded, and was filled by then."""
ALIKE = 0.9
"""Part of the rate from which on a machine is as fast as the one that the numbers are for."""
PAUSE_S = 3.0
"""Between two fan-outs: they are to be next to the load, not all of it."""
TRIGGERS = 20
REFUSALS_SHOWN = 20
P99_MS, SLOWER_PERCENT, GROWTH_MB, TRIGGER_MS = 100.0, 10.0, 8.0, 50.0
FAN_OUT_DAG, WIDE_DAG, ONE_DAG = "isolated", "wide", "one"


class Caller:
    """Asks the API server, each time over a new connection, with a JWT as programs have it."""

    def __init__(self, standalone: Standalone) -> None:
        said = standalone.said()
        address, password = re.search(r"http://[\d.:]+", said), re.search(r"password (\S+)", said)
        assert address is not None, said
        assert password is not None, said
        where = urlsplit(address[0])
        assert where.hostname is not None
        assert where.port is not None
        self.host, self.port = where.hostname, where.port
        self.authorization = ""
        token = self.ask("POST", "/auth/token", {"username": "admin", "password": password[1]})
        self.authorization = f"Bearer {token['access_token']}"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return what the server answers; it must not refuse."""
        headers = {"content-type": "application/json"}
        if self.authorization:
            headers["authorization"] = self.authorization
        raw = msgspec.json.encode(body) if body is not None else None
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        connection.request(method, path, raw, headers)
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        assert answer.status < 300, found
        return msgspec.json.decode(found)

    def plan(self, seconds: float, *, per_s: float = PER_S) -> Plan:
        """Return what is asked: each list with rows in it, a page of a log, and the grid as a browser keeps it."""
        wide = self.ask("GET", f"/api/v2/dags/{WIDE_DAG}/dagRuns?limit=1")["dag_runs"][0]["dag_run_id"]
        fan_out = self.ask("GET", f"/api/v2/dags/{FAN_OUT_DAG}/dagRuns?limit=1")["dag_runs"][0]["dag_run_id"]
        grid = f"/api/windward/v1/dags/{WIDE_DAG}/grid"
        cursor = self.ask("GET", f"{grid}?limit=100")["cursor"]
        runs = f"/api/v2/dags/{WIDE_DAG}/dagRuns"
        log = f"/api/v2/dags/{FAN_OUT_DAG}/dagRuns/{fan_out}/taskInstances/task_7/logs/1"
        asks = [
            Ask(name="dags", path="/api/v2/dags?limit=50", weight=15),
            Ask(name="runs", path=f"{runs}?limit=50&order_by=-run_after", weight=15),
            Ask(name="runs of all", path="/api/v2/dags/~/dagRuns?limit=50", weight=5),
            Ask(name="instances", path=f"{runs}/{wide}/taskInstances?limit=100", weight=20),
            Ask(name="failed of all", path=f"{runs}/~/taskInstances?state=failed&limit=50", weight=5),
            Ask(name="grid", path=f"{grid}?limit=30", weight=5),
            Ask(name="grid, delta", path=f"{grid}?limit=100&cursor={cursor}", weight=15),
            Ask(name="log", path=log, weight=10),
            Ask(name="health", path="/api/v2/monitor/health", weight=10),
        ]
        return Plan(
            host=self.host,
            port=self.port,
            authorization=self.authorization,
            asks=asks,
            per_s=per_s,
            seconds=seconds,
        )


class Loading:
    """A load under way, in a process of its own."""

    def __init__(self, plan: Plan) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.open_load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._found = b""
        self._reader = threading.Thread(target=self._talk, args=[msgspec.json.encode(plan)])
        self._reader.start()

    def _talk(self, raw: bytes) -> None:
        self._found, _ = self._process.communicate(raw)

    def is_going_on(self) -> bool:
        """Whether it has not ended."""
        return self._reader.is_alive()

    def done(self) -> Done:
        """Wait for its end; return what came of it. All requests must have been answered."""
        done = self.ended()
        assert not (said := _refusals(done)), f"requests failed: {said}"
        return done

    def ended(self) -> Done:
        """Wait for its end; return what came of it, requests that failed among it."""
        self._reader.join()
        assert self._process.returncode == 0, "the load did not end as it should"
        return msgspec.json.decode(self._found, type=Done)


def _refusals(done: Done) -> str:
    """Return the status, second and number of requests that failed first, nothing when none did."""
    refused = Counter(
        (look.status, int(look.due_s - done.looks[0].due_s)) for look in done.looks if look.status != 200
    )
    first = sorted(refused.items(), key=lambda found: found[0][1])[:REFUSALS_SHOWN]
    return ", ".join(f"{count} times {status} in second {second}" for (status, second), count in first)


def measure(repeat: int) -> Iterator[Row]:
    """Fill the database, measure alone, then under load."""
    fan_out = FAN_OUT.format(dag_id=FAN_OUT_DAG, isolation="isolated", width=WIDTH)
    with Standalone({"wide.py": WIDE, "fan_out.py": fan_out}) as standalone:
        began = standalone.home / "began"
        (standalone.dags / "one.py").write_text(ONE.format(path=began), encoding="utf-8")
        standalone.wait_until_healthy()
        standalone.wait_until_read(WIDE_DAG, FAN_OUT_DAG, ONE_DAG)
        standalone.run(WIDE_DAG, RUNS)
        standalone.run(FAN_OUT_DAG)  # makes the template
        standalone.run(ONE_DAG)
        caller = Caller(standalone)
        yield _triggered("nothing else to do", _trigger_delays(standalone, caller), at_most=TRIGGER_MS)
        Loading(caller.plan(WARM_S)).done()
        yield _slowed(standalone, caller, rounds=max(repeat, ROUNDS), per_s=PER_S)
        if (per_s := PER_S * min(1.0, NUMBERS_MS / floor_ms())) < ALIKE * PER_S:
            yield _slowed(standalone, caller, rounds=max(repeat, ROUNDS), per_s=per_s)
        memory = _Memory(standalone)
        before_s = _cpu_by_name(standalone)
        loading = Loading(caller.plan(SECONDS))
        spans = _fan_outs(standalone, loading, memory)
        done = loading.ended()
        used_s = {name: now_s - before_s.get(name, 0.0) for name, now_s in _cpu_by_name(standalone).items()}
        memory.look()
        failed = sum(look.status != 200 for look in done.looks)
        what = f"requests that failed, of {len(done.looks)}"
        yield Row(name="W13", what=what, unit="", values=[failed], at_most=0, note=_refusals(done))
        yield from _latencies(done.looks, spans)
        yield from _costs(done, used_s)
        yield from memory.rows()
        under_load = Loading(caller.plan(TRIGGERS))
        yield _triggered("under load", _trigger_delays(standalone, caller))
        under_load.done()


def _trigger_delays(standalone: Standalone, caller: Caller) -> list[float]:
    """Return the milliseconds from each request to user code."""
    began, delays = standalone.home / "began", list[float]()
    for _ in range(TRIGGERS):
        standalone.settle()
        began.unlink()
        asked_s = time.time()
        caller.ask("POST", f"/api/v2/dags/{ONE_DAG}/dagRuns", {"logical_date": None})
        standalone.wait_for(lambda: began.exists() and began.read_text() != "", seconds=30)
        delays.append((float(began.read_text()) - asked_s) * 1000)
    return delays


def _triggered(when: str, delays: list[float], at_most: float | None = None) -> Row:
    what = f"trigger over HTTP to first line of user code, {when}"
    return Row(name="W13", what=what, unit="ms", values=delays, at_most=at_most)


def _fan_out(standalone: Standalone) -> float:
    standalone.settle()
    wall_s, _ = standalone.run(FAN_OUT_DAG)
    return wall_s


def _slowed(standalone: Standalone, caller: Caller, *, rounds: int, per_s: float) -> Row:
    """Return by how much a load slows the fan-out, round by round: what a machine does from minute to minute is not it.

    What a load takes of a machine is its rate times what a request costs there. So on a slower machine than the one that
    the numbers are for, it is measured again with a rate that takes about as much of this one. That is only shown: the
    number is for `PER_S`, and the two floors were not measured in quite the same way.
    """
    at_rate = f"{per_s:.0f} requests/s" + (
        "" if per_s == PER_S else f", about as {PER_S:.0f} on the machine of the numbers"
    )
    alone, loaded = list[float](), list[float]()
    slower = list[float]()
    for _ in range(rounds):
        alone.append(statistics.median(_fan_out(standalone) for _ in range(ROUND)))
        loading = Loading(caller.plan(ROUND_S, per_s=per_s))
        walls = list[float]()
        time.sleep(SETTLE_S)
        while loading.is_going_on():
            wall_s = _fan_out(standalone)
            if loading.is_going_on():
                walls.append(wall_s)
        loading.done()
        loaded.append(statistics.median(walls))
        slower.append(100 * (loaded[-1] / alone[-1] - 1))
    return Row(
        name="W13",
        what=f"1 + 200 + 1 tasks under {at_rate}, slower by",
        unit="%",
        values=slower,
        at_most=SLOWER_PERCENT if per_s == PER_S else None,
        note=f"alone {statistics.median(alone):.2f} s, under load {statistics.median(loaded):.2f} s; "
        f"in each of {rounds} rounds of {ROUND} and as many as fit into {ROUND_S:g} s",
    )


def _fan_outs(standalone: Standalone, loading: Loading, memory: _Memory) -> list[tuple[float, float]]:
    """Run the fan-out now and then while the load goes on; return when."""
    spans = list[tuple[float, float]]()
    while loading.is_going_on():
        time.sleep(PAUSE_S)
        memory.look()
        began_s = time.time()
        _fan_out(standalone)
        if loading.is_going_on():
            spans.append((began_s, time.time()))
    return spans


def _latencies(looks: Sequence[Look], spans: Sequence[tuple[float, float]]) -> Iterator[Row]:
    took = [look.took_ms for look in looks]
    busy = [look.took_ms for look in looks if any(start <= look.due_s <= end for start, end in spans)]
    by_name: dict[str, list[float]] = {}
    for look in looks:
        by_name.setdefault(look.name, []).append(look.took_ms)
    note = ", ".join(
        f"{name} {statistics.median(some):.0f}/{_p99(some):.0f}" for name, some in by_name.items()
    )
    what = f"{PER_S:.0f} mixed reads/s next to {TASKS * RUNS} instances"
    yield Row(name="W13", what=f"{what}, p50", unit="ms", values=[statistics.median(took)])
    yield Row(name="W13", what=f"{what}, p99", unit="ms", values=[_p99(took)], at_most=P99_MS, note=note)
    note = f"{len(busy)} of {len(took)} requests; p50 {statistics.median(busy):.0f} ms"
    yield Row(
        name="W13", what="those during a fan-out of 202 tasks, p99", unit="ms", values=[_p99(busy)], note=note
    )


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _costs(done: Done, used_s: dict[str, float]) -> Iterator[Row]:
    """Return the processor time of who took part; the children that run tasks are not among them."""
    per_request_ms = 1000 * used_s.get(API_SERVER, 0.0) / len(done.looks)
    shares = {
        **{name.removeprefix("windward "): seconds for name, seconds in used_s.items()},
        "the load itself": done.cpu_s,
    }
    note = ", ".join(f"{name} {100 * seconds / SECONDS:.0f} %" for name, seconds in shares.items())
    what = "CPU of the API server a request"
    yield Row(
        name="W13", what=what, unit="ms", values=[per_request_ms], note=f"of one core, in the load: {note}"
    )


API_SERVER = "windward api-server"
_COMPONENTS = (API_SERVER, "windward scheduler")


def _cpu_by_name(standalone: Standalone) -> dict[str, float]:
    """Return the processor seconds of components so far."""
    return {
        name: seconds
        for name, seconds in processes.cpu_by_name(standalone.process.pid).items()
        if name in _COMPONENTS
    }


class _Memory:
    """The memory of the API server in the course of time."""

    def __init__(self, standalone: Standalone) -> None:
        self._root = standalone.process.pid
        self._began_s = time.monotonic()
        self._looks: list[tuple[float, float]] = []
        self.look()

    def look(self) -> None:
        """Take a look."""
        megabytes = sum(
            mb
            for pid, mb in processes.pss_by_pid(self._root).items()
            if processes.name(pid) == API_SERVER and processes.parent(pid) == self._root
        )
        self._looks.append((time.monotonic() - self._began_s, megabytes))

    def rows(self) -> Iterator[Row]:
        """Return what there was at the end, and how much came when what is remembered had been filled."""
        last_s, last_mb = self._looks[-1]
        first_mb = next(megabytes for at_s, megabytes in self._looks if at_s >= last_s * FILLED)
        some = self._looks[:: max(1, len(self._looks) // 6)]
        note = ", ".join(f"{at_s:.0f} s {megabytes:.1f}" for at_s, megabytes in some)
        yield Row(name="W13", what="PSS of the API server at the end", unit="MB", values=[last_mb], note=note)
        yield Row(
            name="W13",
            what=f"what came to it after a quarter of the {SECONDS:.0f} s",
            unit="MB",
            values=[last_mb - first_mb],
            at_most=GROWTH_MB,
        )
