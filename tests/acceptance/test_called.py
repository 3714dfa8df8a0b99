"""Callbacks of what died, questions to people, deadlines, limits on failure: with real processes, on each database."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import DATABASES
from tests.acceptance.harness import System, wait_for

FILE = Path(__file__).parent / "dags" / "called" / "called.py"
MakeSystem = Callable[..., System]


@pytest.fixture(params=DATABASES)
def system(request: pytest.FixtureRequest, make_system: MakeSystem) -> System:
    made = make_system(database=request.param)
    made.cli("db", "migrate")
    shutil.copy(FILE, made.dags)
    return made


def told(system: System, kind: str, dag_id: str | None = None) -> list[dict[str, Any]]:
    file = system.home / "told"
    facts = map(json.loads, file.read_text().splitlines() if file.exists() else [])
    return [fact for fact in facts if fact["kind"] == kind and dag_id in {None, fact["dag"]}]


def answer_in(system: System, task_id: str) -> dict[str, Any]:
    """Return what a question's task returned; its time is tagged."""
    found = system.session.store.xcoms.get_xcom("asks", "r", "return_value", task_id=task_id, map_index=None)
    assert found is not None
    assert found.data is not None
    answer: dict[str, Any] = json.loads(found.data)
    return answer


def begin(system: System, *dag_ids: str) -> None:
    system.start()
    for dag_id in dag_ids:
        system.wait_dag(dag_id)
        system.trigger(dag_id, "r")


def test_callbacks_of_the_dead_and_the_limits_on_failure(system: System) -> None:
    begin(system, "dead", "fast", "keeps", "lost")

    assert system.wait_run("dead", "r") == "failed"
    (retried,) = wait_for(lambda: told(system, "retry", "dead"), "no retry callback")
    (failed,) = wait_for(lambda: told(system, "failure", "dead"), "no failure callback")
    assert (retried["task"], retried["try_number"], retried["state"]) == ("kills_itself", 1, "up_for_retry")
    assert (failed["task"], failed["try_number"], failed["state"]) == ("kills_itself", 2, "failed")
    assert "SIGKILL" in failed["text"]

    assert system.wait_run("fast", "r") == "failed"
    assert system.states("fast", "r") == {
        "fails": "failed", "lasts": "failed", "after": "skipped", "later": "skipped",
    }  # fmt: skip

    assert system.wait_run("keeps", "r") == "failed"
    assert system.task("keeps", "r", "counts").try_number == 3
    assert "hopeless" in system.task("keeps", "r", "counts").reason

    started = wait_for(lambda: told(system, "started"), "the task of `lost` has not begun")[0]
    os.kill(system.component("worker"), signal.SIGKILL)
    found = wait_for(lambda: told(system, "retry", "lost"), "nobody heard of the loss")
    assert (found[0]["task"], found[0]["try_number"]) == ("waits", 1)
    assert started["pid"] != os.getpid()
    assert system.wait_run("lost", "r") == "success"


def test_a_dag_whose_runs_keep_failing_is_paused_with_the_reason(system: System) -> None:
    begin(system, "pauses")
    assert system.wait_run("pauses", "r") == "failed"
    assert system.session.store.catalog.load_dag("pauses").is_paused is False  # type: ignore[union-attr]
    system.trigger("pauses", "again")
    assert system.wait_run("pauses", "again") == "failed"
    details = system.session.store.reads.dag_details("pauses")
    assert details is not None
    assert details.record.is_paused
    assert "max_consecutive_failed_dag_runs" in (details.paused_reason or "")


def test_a_missed_deadline_calls_once_though_the_scheduler_is_killed(system: System) -> None:
    begin(system, "slow")
    wait_for(lambda: system.rows("deadlines", "list"), "no deadline is listed")
    os.kill(system.component("scheduler"), signal.SIGKILL)
    wait_for(lambda: len(told(system, "late")) >= 2, "nobody heard of the missed deadlines")
    (system.home / "slow.go").touch()
    assert system.wait_run("slow", "r") == "success"
    assert sorted((fact["name"], fact["alert"]) for fact in told(system, "late")) == [
        ("a", None),
        ("s", "soon"),
    ]
    states = {row["deadline"]: row["state"] for row in system.rows("deadlines", "list")}
    assert states == {"soon": "missed", "1": "missed", "2": "met"}


def test_people_answer_by_the_command_line_and_the_first_answer_counts(system: System) -> None:
    begin(system, "asks")
    wait_for(
        lambda: {row["task_id"] for row in system.rows("hitl", "list")} == {"approve", "choose", "form"},
        "the questions that wait for people are not listed",
    )

    system.cli("hitl", "respond", "asks", "approve", "r", "Approve", "--as", "ana")
    system.cli("hitl", "respond", "asks", "approve", "r", "Reject", "--as", "bob", code=1)
    system.cli("hitl", "respond", "asks", "choose", "r", "Nowhere", code=1)
    system.cli("hitl", "respond", "asks", "choose", "r", "Left")
    system.cli("hitl", "respond", "asks", "form", "r", "OK", "--as", "bob", code=1)
    system.cli(
        "hitl", "respond", "asks", "form", "r", "OK", "--as", "ana", "--params", '{"why": "x"}', code=1
    )
    system.cli("hitl", "respond", "asks", "form", "r", "OK", "--as", "ana", "--params", '{"why": "yes!"}')

    assert system.wait_run("asks", "r") == "failed"
    assert system.states("asks", "r") == {
        "approve": "success", "shipped": "success", "choose": "success", "left": "success", "right": "skipped",
        "form": "success", "default": "success", "hopeless": "failed",
    }  # fmt: skip
    assert answer_in(system, "form")["params_input"] == {"why": "yes!"}
    assert answer_in(system, "approve")["responded_by_user"] == {"id": "ana", "name": "ana"}
    assert answer_in(system, "default")["chosen_options"] == ["B"]
    (row,) = system.rows("hitl", "show", "asks", "hopeless", "r")
    assert (row["answer"], row["answered_by"]) == (None, "nobody in time")
