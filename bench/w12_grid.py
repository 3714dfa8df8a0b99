"""W12: the grid of a DAG of 1,000 tasks with 100 runs over HTTP: the whole, and what differs from the last look.

The first grid after a start is shown as well, asked for by somebody who has signed in: it reads what later ones
remember.
"""

import base64
import http.client
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench.harness import Standalone
from bench.rows import Row

TASKS, RUNS, DELTAS = 1000, 100, 20
FILE = f"""
from datetime import datetime
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("wide", schedule=None, start_date=datetime(2026, 1, 1), max_active_runs={RUNS}):
    first = EmptyOperator(task_id="first")
    first >> [EmptyOperator(task_id=f"task_{{number}}") for number in range({TASKS - 1})]
"""
WHOLE_MS, DELTA_MS = 150.0, 10.0


class Browser:
    """One kept connection, signed in by password."""

    def __init__(self, standalone: Standalone) -> None:
        said = standalone.said()
        address = re.search(r"http://[\d.:]+", said)
        password = re.search(r"password (\S+)", said)
        assert address is not None, said
        assert password is not None, said
        self._connection = http.client.HTTPConnection(urlsplit(address[0]).netloc, timeout=60)
        token = base64.b64encode(f"admin:{password[1]}".encode()).decode()
        self._headers = {"authorization": f"Basic {token}"}

    def get(self, path: str) -> tuple[float, bytes]:
        """Return the milliseconds until the answer was read, and the answer."""
        began_s = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return (time.perf_counter() - began_s) * 1000, body


def measure(repeat: int) -> Iterator[Row]:
    """Run everything once, then look at it."""
    with Standalone({"wide.py": FILE}) as standalone:
        standalone.wait_until_healthy()
        standalone.wait_until_read("wide")
        standalone.run("wide", RUNS)
        browser = Browser(standalone)
        # Who signs in has a password hashed, which takes as long as it is meant to.
        browser.get("/api/v2/pools")
        path = f"/api/windward/v1/dags/wide/grid?limit={RUNS}"
        first_ms, body = browser.get(path)
        wholes = [browser.get(path)[0] for _ in range(repeat)]
        what = f"grid of {TASKS} tasks x {RUNS} runs"
        first = f"{what}, the first after a start"
        yield Row(name="W12", what=first, unit="ms", values=[first_ms], at_most=WHOLE_MS)
        note = f"{len(body) / 1000:.0f} kB"
        yield Row(name="W12", what=what, unit="ms", values=wholes, at_most=WHOLE_MS, note=note)
        deltas, cursor = list[float](), _cursor(body)
        for _ in range(DELTAS):
            took_ms, body = browser.get(f"{path}&cursor={cursor}")
            found: Any = msgspec.json.decode(body)
            assert found["runs"] == []
            deltas.append(took_ms)
            cursor = found["cursor"]
        yield Row(name="W12", what="the same, nothing new", unit="ms", values=deltas, at_most=DELTA_MS)


def _cursor(body: bytes) -> str:
    return str(msgspec.json.decode(body)["cursor"])
