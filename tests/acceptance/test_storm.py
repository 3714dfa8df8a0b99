"""SQLite under a storm: all components, a run and four processes of people's commands, and nobody is locked out."""

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from tests.acceptance.conftest import MakeSystem
from tests.acceptance.harness import wait_for

pytestmark = pytest.mark.slow
PROCESSES, SECONDS, TASKS = 4, 10, 300
ROUNDS_MIN = 2
"""Each person goes on for so long, and so often at least."""
LEVEL = re.compile(r"Z (warning|error|critical)|Traceback")
"""What a component prints when something is wrong."""

DAGS = f"""
import os, time
from datetime import datetime
from airflow.sdk import DAG, task

with DAG("big", schedule=None, start_date=datetime(2026, 1, 1), max_active_tasks=16):
    @task
    def work(n):
        time.sleep(0.005)
        return n

    @task
    def first():
        return list(range({TASKS}))

    work.expand(n=first())

with DAG("small", schedule=None, start_date=datetime(2026, 1, 1), max_active_runs=4):
    @task
    def one():
        return 1

    one()
"""

PERSON = """
import contextlib, io, json, sys, time
from windward.cli.main import main

name, seconds, rounds_min = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
done, wrong = {}, []

def run(*words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    command = " ".join(words[:2])
    done[command] = done.get(command, 0) + 1
    if code:
        wrong.append([list(words), err.getvalue()])
    return out.getvalue()

end, n = time.monotonic() + seconds, 0
while n < rounds_min or time.monotonic() < end:
    n += 1
    run("dags", "trigger", "small", "--run-id", f"{name}-{n}")
    run("variables", "set", f"{name}-{n % 10}", str(n))
    rows = json.loads(run("dags", "list-runs", "small", "-o", "json"))
    ended = [row["run_id"] for row in rows if row["state"] == "success" and row["run_id"].startswith(name)]
    if ended:
        run("tasks", "clear", "small", "--run-id", ended[-1], "--yes")
    run("dags", "list", "-o", "json")
    run("tasks", "states-for-dag-run", "big", "r", "-o", "json")
    run("dags", "pause" if n % 2 else "unpause", "small")
    run("pools", "set", f"pool-{name}", str(n), "by a person")
    run("variables", "get", f"{name}-{n % 10}")
    run("dags", "unpause", "small")
json.dump({"done": done, "wrong": wrong, "runs": n}, sys.stdout)
"""
COMMANDS = {
    "dags trigger", "dags list", "dags list-runs", "dags pause", "dags unpause", "tasks clear",
    "tasks states-for-dag-run", "variables set", "variables get", "pools set",
}  # fmt: skip


def test_nobody_meets_a_locked_database(make_system: MakeSystem) -> None:
    system = make_system()
    system.write("dags.py", DAGS)
    system.start()
    system.trigger("big", "r")
    people = [
        subprocess.Popen(
            [sys.executable, "-c", PERSON, f"p{number}", str(SECONDS), str(ROUNDS_MIN)],
            env=system.environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    told = [json.loads(person.communicate(timeout=300)[0]) for person in people]

    done = sum((Counter(one["done"]) for one in told), Counter[str]())
    print(f"{done.total()} commands in {SECONDS} s: {dict(done)}")
    assert [error for one in told for error in one["wrong"]] == []
    assert set(done) == COMMANDS
    assert done.total() >= PROCESSES * ROUNDS_MIN * (len(COMMANDS) - 1)
    assert system.wait_run("big", "r") == "success"
    assert len(system.tasks("big", "r")) == TASKS + 1
    system.cli("dags", "unpause", "small")
    made = {f"p{number}-{n}" for number, one in enumerate(told) for n in range(1, one["runs"] + 1)}

    def succeeded() -> set[str]:
        rows = system.rows("dags", "list-runs", "small")
        return {row["run_id"] for row in rows if row["state"] == "success"}

    wait_for(lambda: succeeded() == made, lambda: f"not ended: {made - succeeded()}\n{system.said()[-3000:]}")
    assert [line for line in system.said().splitlines() if LEVEL.search(line)] == []
