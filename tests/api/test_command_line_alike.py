"""The same question, asked of the database and of a server over it, has the same answer."""

import json
import re
from typing import Any

import pytest

from tests.api.asked_twice import Both, Run, address, both, local, run, variables  # fixtures
from tests.api.conftest import NOW
from tests.api.filling import entangle, fill
from tests.cli.commands import all_commands
from tests.store.building import document_of, put_dags, run_of, step
from tests.tidy import tree
from windward.api.services import Services
from windward.cli.catalogue import LOCAL, WRITES
from windward.cli.remote import REFUSED, REMOTE
from windward.core.actions import CreateRun
from windward.core.transitions import TaskEvent
from windward.document import ParamDocument, TaskDocument
from windward.engine.people.connections import set_connection
from windward.engine.people.pools import create_pool
from windward.engine.people.variables import Variable, set_variable
from windward.model.ids import TaskKey
from windward.model.records import PoolRecord
from windward.model.states import RunState, RunType
from windward.model.writers import StateWriter, WriterKind, writer_text
from windward.store.sql.open import SqlStore
from windward.timetable.schedule import CronSchedule, ScheduleKind

__all__ = ["address", "both", "local", "run", "variables"]

TASK = ("mine_dag", "mine_task", "mine_run")
READS: dict[str, tuple[str, ...]] = {
    "dags list": ("--all",),
    "dags details": ("nightly",),
    "dags list-runs": (),
    "dags list-import-errors": (),
    "dags state": ("mine_dag", "mine_run"),
    "dags explain": ("mine_dag", "mine_ended"),
    "dags next-execution": ("nightly",),
    "tasks list": ("mine_dag",),
    "tasks states-for-dag-run": ("mine_dag", "mine_run"),
    "tasks state": TASK,
    "tasks explain": TASK,
    "tasks logs": TASK,
    "tasks render": TASK,
    "recovery list": (),
    "backfill list": (),
    "hitl list": (),
    "hitl show": ("mine_dag", "mine_ask", "mine_run"),
    "state-store list": ("mine_dag", "mine_run"),
    "state-store list-assets": (),
    "pools list": (),
    "pools get": ("shelf",),
    "variables list": (),
    "variables get": ("region",),
    "connections list": (),
    "connections get": ("shop",),
    "assets list": (),
    "assets details": ("--name", "orders"),
    "jobs check": ("--job-type", "scheduler"),
    "version": (),
}
"""Commands that change nothing, with arguments that find something."""
WITH_CHANGES = {
    "config get-value", "config list", "jobs hosts", "pools export", "roles export", "roles list", "tokens list", "users export",
    "users list", "variables export",
}  # fmt: skip
"""Commands that change nothing, and are compared where what they show is changed: `test_command_line_kept`."""
OF_THE_MACHINE = {"providers list": "packages"}
"""What answers for the machine where it is asked: that of the server is another."""
LESS: dict[str, set[str]] = {
    "dags list": {"last_run_after", "next_run_local", "timezone"},
    "dags details": {
        "dagrun_timeout_s", "first_seen_at", "last_changed_at", "paused_at", "paused_reason", "semantics",
        "semantics_reason", "warnings",
    },
    "hitl list": {"due_at"},
    "hitl show": {"due_at"},
    "backfill list": {
        "created_by", "dates", "done", "now", "reason", "run_backwards", "run_on_latest_version",
    },
    "assets list": {"conflicts", "is_active"},
    "assets details": {"conflicts", "events", "is_active"},
}  # fmt: skip
"""Fields that a server does not tell. The page on the installation names them."""
OTHERWISE = {"dags list": {"schedule"}, "dags details": {"schedule"}}
"""Fields that a server tells in other words: Airflow's summary of a schedule."""
PLAIN = {"version", "variables get", "dags state", "tasks state", "tasks logs", "tasks render"}
"""Commands that print text, and take no `-o`."""


@pytest.fixture
def installation(services: Services, store: SqlStore) -> SqlStore:
    """Something of every kind."""
    fill(services, store, "mine", 1)
    fill(services, store, "other", 2)
    entangle(store, "mine", "other")
    fields: dict[str, Any] = {
        "fileloc": "nightly.py",
        "schedule": CronSchedule(expression="@daily", timezone="Europe/Berlin", kind=ScheduleKind.TRIGGER),
        "schedule_text": "@daily",
        "timezone": "Europe/Berlin",
        "start_date": NOW,
        "catchup": True,
        "is_catchup_explicit": True,
        "tasks": (TaskDocument(task_id="load", operator="PythonOperator", owner="ada", retries=2),),
        "params": {"size": ParamDocument(has_default=True, default=3, schema={"type": "integer"})},
    }
    put_dags(store, "nightly", **fields)
    failed = run_of(
        77, dag_id="nightly", run_id="failed", document_hash=document_of("nightly", **fields)[0],
        state=RunState.FAILED, run_type=RunType.SCHEDULED, logical_date=NOW, start_date=NOW, end_date=NOW, recoveries=1,
    )  # fmt: skip
    assert store.runs.apply([[CreateRun(run=failed, tasks=(), at=NOW)]]).all
    key = TaskKey(10, "mine_task")
    step(store, key, TaskEvent.SUCCEED, end_date=NOW, rendered='{"sql": "select 1", "rows": [1, 2]}')
    writer = StateWriter(kind=WriterKind.TASK, dag_id="mine_dag", run_id="mine_run", task_id="mine_task")
    store.states.set_asset_state("orders", "mark", '{"at": 1}', by=writer_text(writer), now=NOW)
    create_pool(services.desk, PoolRecord(name="shelf", slots=3, description="why"))
    store.hosts.beat_component("scheduler", "here", hostname="here", pid=1, now=NOW)
    set_variable(services.desk, Variable(key="region", value="north", description="where"))
    set_connection(services.desk, "shop", {"conn_type": "http", "host": "shop.test", "password": "hidden"})
    return store


def fields_of(rows: Any) -> set[str]:
    found = rows if isinstance(rows, list) else [rows]
    return {name for row in found for name in row}


def order_of(rows: Any) -> list[str]:
    return list(rows[0] if isinstance(rows, list) else rows)


def without(rows: Any, names: set[str]) -> Any:
    if isinstance(rows, list):
        return [without(row, names) for row in rows]
    return {name: value for name, value in rows.items() if name not in names}


@pytest.mark.parametrize("command", READS)
def test_a_server_says_what_its_database_says(
    run: Run, local: Run, installation: SqlStore, command: str
) -> None:
    del installation
    words = (*command.split(), *READS[command])
    if command in PLAIN:
        near, far = local(*words), run(*words)
        assert (near.code, near.out) == (far.code, far.out)
        assert near.out
        return

    near, far = local(*words, "-o", "json"), run(*words, "-o", "json")

    assert (near.code, near.err) == (far.code, far.err)
    here, there = json.loads(near.out), json.loads(far.out)
    assert here
    less = LESS.get(command, set())
    assert fields_of(here) - fields_of(there) == less
    assert fields_of(there) <= fields_of(here)
    assert order_of(there) == [name for name in order_of(here) if name not in less]
    otherwise = OTHERWISE.get(command, set())
    assert without(there, otherwise) == without(here, less | otherwise)


def test_files_that_could_not_be_read_are_told_alike(both: Both, installation: SqlStore) -> None:
    files = len(installation.reads.import_errors())
    assert f"{files} files could not be read" in both("dags", "list", "--columns", "dag_id").err


def test_a_try_that_there_was_not_is_told_alike(both: Both, installation: SqlStore) -> None:
    del installation
    said = both("tasks", "logs", *TASK, "--try-number", "9")
    assert said.code == 1
    assert said.err == (
        "error: task `mine_task` has had 1 try in run `mine_run`, no try 9\n\nhint: Give a smaller `--try-number`.\n"
    )
    assert "hint: `--follow` waits for it." in both("tasks", "logs", *TASK, "--try-number", "2").err


def test_the_page_names_what_a_server_does_not_tell() -> None:
    page = tree.texts()["docs/api/installation.md"]
    for command, names in LESS.items():
        line = next(line for line in page.splitlines() if line.startswith(f"| `{command}`"))
        assert set(re.findall(r"`(\w+)`", line.partition(" | ")[2])) == names


def test_recovery_is_stopped_and_started_from_elsewhere(
    run: Run, installation: SqlStore, services: Services
) -> None:
    def is_stopped() -> bool:
        found = installation.runs.find_run("nightly", run_id="failed")
        assert found is not None
        return found.is_recovery_stopped

    assert run("recovery", "stop", "nightly").err == "1 run will not run again on their own\n"
    assert is_stopped()
    assert run("recovery", "stop", "nightly", "failed").err == "0 runs will not run again on their own\n"
    assert (
        run("recovery", "start", "nightly", "failed").err == "1 run will run again when nothing else waits\n"
    )
    assert not is_stopped()
    again = run("recovery", "start", "mine_dag")
    assert "stays as it is" in again.err
    assert "0 runs will run again" in again.err


def test_a_question_is_answered_from_elsewhere(run: Run, installation: SqlStore) -> None:
    del installation
    where = ("mine_dag", "mine_ask", "mine_run")
    assert run("hitl", "respond", *where, "Maybe").code == 1
    assert "token" in run("hitl", "respond", *where, "Yes", "--as", "ada").err
    assert run("hitl", "respond", *where, "Yes").err == "answered `mine_ask`: Yes\n"
    [shown] = run("hitl", "show", *where, "-o", "json").rows
    assert (shown["answer"], shown["answered_by"]) == (["Yes"], "admin")
    assert "asks nothing" in run("hitl", "show", "mine_dag", "mine_task", "mine_run").err
    assert [one["dag_id"] for one in run("hitl", "list", "-o", "json").rows] == ["other_dag"]
    assert len(run("hitl", "list", "--all", "-o", "json").rows) == 2


def test_every_command_that_reads_is_compared() -> None:
    reading = REMOTE.keys() - WRITES - {"connections test"}
    assert reading == READS.keys() | OF_THE_MACHINE.keys() | WITH_CHANGES


def test_every_command_can_be_asked_of_a_server_or_says_why_not() -> None:
    alone = {command for command in all_commands() if command.partition(" ")[0] in LOCAL}
    assert REMOTE.keys().isdisjoint(REFUSED)
    assert REMOTE.keys() | REFUSED.keys() == all_commands() - alone


def test_a_refusal_says_why_and_the_page_says_it_too(run: Run) -> None:
    page = tree.texts()["docs/api/installation.md"]
    given = {
        "dags show": ("x",), "dags backfill": ("x",), "dags test": ("x",), "tasks test": ("x", "y"),
        "backfill show": ("1",), "connections export": ("-",), "users login-link": ("-u", "x"),
        "db clean": ("--clean-before-timestamp", "2026-01-01"),
        "db export-archived": ("--output-path", "x"),
    }  # fmt: skip
    for command, reason in REFUSED.items():
        said = run(*command.split(), *given.get(command, ()))
        assert said.code == 1, said.err
        assert said.err.startswith(f"error: `windward {command}` cannot be asked of a server: {reason}\n")
        assert any(f"`{command}`" in line and reason in line for line in page.splitlines()), command
