"""The same change, asked of the database and of a server over it: the same words, and the same outcome."""

from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest

from tests.api.asked_twice import FAR, NEAR, Both, Run, address, both, local, run, variables  # fixtures
from tests.api.conftest import NOW
from tests.store.building import create, document_of, expand, put_dags, run_of, step
from windward.api.services import Services
from windward.core.transitions import TaskEvent
from windward.document import GroupDocument, TaskDocument
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.store.sql.open import SqlStore

__all__ = ["address", "both", "local", "run", "variables"]

TASKS = (
    TaskDocument(task_id="load", operator="PythonOperator"),
    TaskDocument(task_id="g.sum", operator="PythonOperator", group_id="g", upstream=("load",)),
    TaskDocument(task_id="g.each", operator="PythonOperator", group_id="g", upstream=("load",)),
    TaskDocument(task_id="tell", operator="PythonOperator", upstream=("g.sum", "g.each")),
)
FIELDS: dict[str, Any] = {"tasks": TASKS, "groups": (GroupDocument(group_id="g"),)}


@pytest.fixture
def filled(services: Services, store: SqlStore) -> SqlStore:
    """Two DAGs that are alike but for their names, with three runs each: of one task failed, of one not begun."""
    del services
    for number, name in enumerate((NEAR, FAR)):
        put_dags(store, name, fileloc=f"{name}.py", **FIELDS)
        document_hash = document_of(name, fileloc=f"{name}.py", **FIELDS)[0]
        for day, run_id in enumerate(("first", "second", "third")):
            pk = number * 10 + day + 1
            made = run_of(
                pk, dag_id=name, run_id=run_id, document_hash=document_hash, state=RunState.RUNNING,
                logical_date=NOW + timedelta(days=day), run_after=NOW + timedelta(days=day), start_date=NOW,
            )  # fmt: skip
            assert store.runs.apply([[create(made, *(task.task_id for task in TASKS))]]).all
            assert store.runs.apply([[expand(pk, "g.each", 2)]]).all
            for key, last in (
                (TaskKey(pk, "load"), TaskEvent.SUCCEED),
                (TaskKey(pk, "g.sum"), TaskEvent.FAIL),
                (TaskKey(pk, "g.each", 1), None),
            ):
                step(store, key, TaskEvent.QUEUE, try_number=1, queued_at=NOW)
                step(store, key, TaskEvent.START, start_date=NOW, owner="h")
                if last is not None:
                    step(store, key, last, end_date=NOW)
    return store


def foreseen_alike(local: Run, run: Run, *words: str) -> list[Any]:
    """Return what would be changed. The tasks of a run are in the order of their work here, and by name there."""
    here, there = (
        asked(*(word.replace("{n}", name) for word in words), "--dry-run", "-o", "json")
        for asked, name in ((local, NEAR), (run, FAR))
    )
    assert (here.code, here.err) == (there.code, there.err.replace(FAR, NEAR))
    if here.code:
        return []
    runs = [[run_id for run_id, _ in groupby(said.rows, key=itemgetter("run_id"))] for said in (here, there)]
    assert runs[0] == runs[1]
    by_name = itemgetter("run_id", "task_id", "map_index")
    assert sorted(here.rows, key=by_name) == sorted(there.rows, key=by_name)
    return list(here.rows)


def states_of(both: Both, run_id: str) -> dict[str, str]:
    """Return the states of a run's instances, alike here and there."""
    rows = both("tasks", "states-for-dag-run", "{n}", run_id, "-o", "json").rows
    return {f"{row['task_id']}[{row['map_index']}]": row["state"] for row in rows}


@pytest.mark.usefixtures("filled")
def test_notes_are_written_read_and_deleted_alike(both: Both) -> None:
    for words in (("dags", "note", "{n}", "first"), ("tasks", "note", "{n}", "load", "first")):
        assert both(*words).err == "there is no note\n"
        both(*words, "  look here ")
        assert both(*words).out == "look here\n"
        assert both(*words, " ").code == 1
        assert both(*words, "x" * 1001).code == 1
        both(*words, "--delete")
        assert both(*words).err == "there is no note\n"
    both("tasks", "note", "{n}", "g.each", "first", "of one", "--map-index", "1")
    assert both("tasks", "note", "{n}", "g.each", "first", "--map-index", "0").err == "there is no note\n"


@pytest.mark.usefixtures("filled")
def test_what_is_not_there_is_told_alike(both: Both) -> None:
    assert "Did you mean `first`?" in both("dags", "note", "{n}", "frst").err
    assert "Did you mean `load`?" in both("tasks", "note", "{n}", "lod", "first").err
    assert "from 0 to 1" in both("tasks", "note", "{n}", "g.each", "first").err
    assert "not mapped" in both("tasks", "note", "{n}", "load", "first", "--map-index", "3").err
    assert "Did you mean" in both("dags", "note", "{n}s", "first").err
    for words in (("clear", "-r", "no"), ("mark", "no", "--state", "failed"), ("next-execution",)):
        assert both("dags", words[0], "{n}x" if len(words) == 1 else "{n}", *words[1:]).code == 1
    assert both("tasks", "mark", "{n}", "no", "first", "--state", "failed").code == 1
    assert both("tasks", "mark", "{n}", "no", "first", "--group", "--state", "failed").code == 1
    assert both("tasks", "render", "{n}", "load", "first").code == 1


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "flags",
    [
        ("g.sum", "first"),
        ("g.sum", "first", "-u"),
        ("load", "first", "-d"),
        ("g.sum", "second", "--past"),
        ("g.sum", "second", "--future"),
        ("g.sum", "second", "--past", "--future", "-d"),
        ("g", "second", "--group", "--past"),
        ("g.each", "first", "--map-index", "1"),
        ("g.each", "first", "--map-index", "7"),
        ("g.each", "first", "--map-index", "1", "-d"),
        ("g.sum", "first", "-u", "-d"),
        ("load", "first"),
    ],
)
def test_tasks_are_marked_alike(both: Both, local: Run, run: Run, flags: tuple[str, ...]) -> None:
    before = [states_of(both, name) for name in ("first", "second", "third")]
    words = ("tasks", "mark", "{n}", *flags, "--state", "success")
    foreseen = foreseen_alike(local, run, *words)
    assert [states_of(both, name) for name in ("first", "second", "third")] == before

    said = both(*words)

    assert said.err.startswith(f"marked {len(foreseen)} task instance")
    for row in foreseen:
        assert states_of(both, row["run_id"])[f"{row['task_id']}[{row['map_index']}]"] == "success"
    assert both(*words).err.startswith("marked 0 task instances")


@pytest.mark.usefixtures("filled")
def test_what_failed_below_marked_tasks_is_cleared_alike(both: Both) -> None:
    assert states_of(both, "first")["g.sum[-1]"] == "failed"
    assert both("tasks", "mark", "{n}", "load", "first", "--state", "skipped").code == 0
    assert states_of(both, "first")["g.sum[-1]"] is None
    assert states_of(both, "second")["g.sum[-1]"] == "failed"


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("state", ["success", "failed"])
def test_runs_are_marked_alike(both: Both, local: Run, run: Run, state: str) -> None:
    words = ("dags", "mark", "{n}", "first", "--state", state)
    foreseen = foreseen_alike(local, run, *words)

    assert both(*words).err.endswith(f"with {len(foreseen)} task instances\n")

    assert both("dags", "state", "{n}", "first").out == f"{state}\n"
    after = states_of(both, "first")
    assert {
        f"{row['task_id']}[{row['map_index']}]": row["new_state"] for row in foreseen
    }.items() <= after.items()
    assert "already" in both(*words).err


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "flags",
    [
        ("dags", "-r", "first"),
        ("dags", "-r", "first", "-f"),
        ("dags", "-r", "second", "--past"),
        ("dags", "-r", "third", "-r", "first"),
        ("dags", "-r", "first", "-r", "second", "--future"),
        ("dags", "-r", "second", "--past", "--future", "-f"),
        ("dags", "-s", NOW.isoformat(), "-e", (NOW + timedelta(days=1)).isoformat()),
        ("dags", "-r", NOW.isoformat()),
        ("tasks", "-r", "first", "-t", "sum", "-d"),
        ("tasks", "-r", "first", "-t", "sum", "-u"),
        ("tasks", "-r", "first", "-f", "-d"),
        ("tasks", "-r", "first", "--only-running", "-u"),
        ("tasks", "-r", "first", "-t", "each", "--map-index", "1"),
        ("tasks", "-r", "first", "-t", "nothing"),
        ("tasks", "-r", "first", "-g", "g"),
        ("tasks", "-r", "first", "-g", "g", "-t", "sum", "--future"),
        ("tasks", "-r", "first", "-g", "g", "--map-index", "1"),
        ("tasks", "-r", "first", "-g", "no"),
        ("dags", "--past"),
    ],
)
def test_what_ran_is_cleared_alike(both: Both, local: Run, run: Run, flags: tuple[str, ...]) -> None:
    group, *rest = flags
    words = (group, "clear", "{n}", *rest)
    foreseen = foreseen_alike(local, run, *words)

    assert both(*words, "-y").code == (0 if foreseen else 1)

    for name in ("first", "second", "third"):
        states_of(both, name)


@pytest.mark.usefixtures("filled")
def test_a_server_is_not_asked_what_it_would_take_otherwise(run: Run) -> None:
    mark = ("tasks", "mark", FAR, "load", "first", "--state", "success")
    assert "cannot be asked of a server" in run(*mark, "--group", "--map-index", "1").err
    assert "cannot be asked of a server" in run("tasks", "clear", FAR, "--recursive").err
    assert "cannot be asked of a server" in run("dags", "next-execution", FAR, "-n", "2").err


def test_kept_values_are_deleted_alike(both: Both, filled: SqlStore) -> None:
    for pk in (1, 11):
        key = TaskKey(pk, "g.each", 1)
        for name in ("page", "a/b", "token"):
            filled.states.set_task_state(key, name, '{"at": 1}', fence=1, now=NOW, expires_at=None)
    for name in (NEAR, FAR):
        for key_name in ("mark", "done"):
            filled.states.set_asset_state(name, key_name, "7", by="x.y", now=NOW)

    place = ("{n}", "g.each", "first")
    assert len(both("state-store", "list", "{n}", "first", "--task-id", "g.each", "-o", "json").rows) == 3
    assert both("state-store", "list", "{n}", "first", "--task-id", "load", "-o", "json").rows == []
    assert both("state-store", "delete", *place, "a/b", "--map-index", "1").err.startswith("deleted 1 value ")
    assert both("state-store", "delete", *place, "a/b", "--map-index", "1").err.startswith("deleted 0 values")
    assert both("state-store", "delete", *place, "--map-index", "1").err.startswith("deleted 2 values")
    assert both("state-store", "delete", *place).code == 1


@pytest.mark.usefixtures("filled")
def test_the_processor_is_asked_to_read_files_again(run: Run, store: SqlStore) -> None:
    assert run("dags", "reserialize").err == "asked the processor to read 2 files again\n"
    assert set(store.catalog.take_parse_requests()) == {f"{NEAR}.py", f"{FAR}.py"}


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "words",
    [
        ("dags", "pause", "{n}"),
        ("dags", "unpause", "{n}"),
        ("dags", "pause", "{n}.*", "--treat-dag-id-as-regex", "-y"),
        ("dags", "pause", "{n}no"),
        ("dags", "trigger", "{n}", "-r", "first"),
        ("dags", "trigger", "{n}", "-l", NOW.isoformat()),
        ("dags", "trigger", "{n}", "-r", "new", "-c", '{"a": 1}', "-l", "2025-01-01", "--note", "hm", "-o", "json"),
        ("dags", "trigger", "{n}no"),
        ("dags", "list-runs", "{n}", "--limit", "1"),
        ("dags", "state", "{n}", "fist"),
        ("tasks", "state", "{n}", "laod", "first"),
        ("recovery", "start", "{n}", "first"),
        ("recovery", "stop", "{n}", "frst"),
        ("backfill", "pause", "77"),
        ("hitl", "respond", "{n}", "load", "first", "Yes"),
        ("assets", "materialize", "--name", "{n}"),
        ("pools", "set", "{n}", "3", "why"),
        ("pools", "set", " ", "3"),
        ("pools", "delete", "{n}"),
        ("pools", "delete", "default_pool"),
        ("variables", "set", "{n}", "v"),
        ("variables", "set", "{n}", "v", "--json"),
        ("variables", "set", "", "v"),
        ("variables", "delete", "{n}"),
        ("connections", "delete", "{n}"),
    ],
)  # fmt: skip
def test_small_changes_are_told_alike(both: Both, words: tuple[str, ...]) -> None:
    both(*words)
    both(*words)


@pytest.mark.usefixtures("filled")
def test_a_dag_is_deleted_alike_once_nothing_of_it_runs(both: Both, run: Run) -> None:
    assert "end their runs by `windward dags mark" in run("dags", "delete", FAR, "-y").err
    for run_id in ("first", "second", "third"):
        both("dags", "mark", "{n}", run_id, "--state", "failed")
    assert both("dags", "delete", "{n}", "-y").err.startswith(f"deleted DAG `{NEAR}` with 3 runs\n")
    assert both("dags", "delete", "{n}", "-y").code == 1


@pytest.mark.usefixtures("filled")
def test_a_run_that_is_triggered_without_a_date_is_of_now(run: Run) -> None:
    [made] = run("dags", "trigger", FAR, "-r", "new", "-o", "json").rows
    assert made["logical_date"] is not None


def test_default_connections_are_counted(run: Run) -> None:
    assert run("connections", "create-default-connections").err == "added 11 default connections\n"
    assert run("connections", "create-default-connections").err == "added 0 default connections\n"
