"""The contract of the catalogue, over every store."""

import pytest

from tests.store.building import T0, AnyStore, at, create, document_of, put_dags, run_of, step
from windward.core.actions import PauseDag
from windward.core.transitions import TaskEvent
from windward.document import TaskDocument
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.ports.store import SUPERSEDED_KEPT, ParsedFile
from windward.store.sql.open import SqlStore


def _told(store: AnyStore) -> list[tuple[str, str]]:
    notes = store.runs.load_notes(after=0, limit=99)
    store.runs.delete_notes(up_to=notes[-1].note_pk if notes else 0)
    return [(note.kind, note.subject) for note in notes]


def test_a_file_brings_its_dags_and_tells_of_each_change_once(store: AnyStore) -> None:
    assert put_dags(store, "sales", "costs") == ("costs", "sales")
    assert _told(store) == [("dag", "costs"), ("dag", "sales")]
    assert put_dags(store, "sales", "costs") == ()
    assert _told(store) == []

    assert put_dags(store, "sales", "costs", tags=("new",)) == ("costs", "sales")
    dag = store.catalog.load_dag("sales")
    assert dag is not None
    name, _, document = document_of("sales", tags=("new",))
    assert dag.document_hash == name
    assert store.catalog.load_documents([name, "f" * 32]) == {name: document}


def test_what_a_file_has_no_more_becomes_inactive_and_may_come_back(store: AnyStore) -> None:
    put_dags(store, "sales", "costs")

    assert put_dags(store, "sales") == ("costs",)
    assert [dag.dag_id for dag in store.catalog.load_dags()] == ["sales"]
    assert [dag.dag_id for dag in store.catalog.load_dags(active_only=False)] == ["costs", "sales"]
    assert put_dags(store, "sales", "costs") == ("costs",)
    assert store.catalog.delete_file("sales.py", now=T0) == ("costs", "sales")
    assert store.catalog.load_files() == []
    assert store.catalog.load_dags() == []


def _parsed(fileloc: str, *dag_ids: str, **changes: str) -> ParsedFile:
    documents = tuple(document_of(dag_id, fileloc=fileloc, **changes) for dag_id in dag_ids)
    file = FileRecord(fileloc=fileloc, content_hash="c", dag_ids=dag_ids)
    return ParsedFile(file=file, documents=documents)


def test_files_put_together_give_what_they_give_one_after_the_other(store: AnyStore) -> None:
    put_dags(store, "sales", "costs", fileloc="a.py")
    _told(store)
    files = [
        _parsed("a.py", "costs", description="new"),  # gives up `sales`
        _parsed("b.py", "sales", "costs"),  # takes over the one, may not have the other
        _parsed("c.py", "plan"),
        _parsed("a.py", "plan"),  # again: gives up `costs`, and `plan` has an owner by now
    ]

    stored = store.catalog.put_files(files, paused_at_creation=False, now=T0)

    assert [file.changed for file in stored] == [("costs", "sales"), ("sales",), ("plan",), ("costs",)]
    assert _told(store) == [("dag", name) for name in ("costs", "sales", "sales", "plan", "costs")]
    dags = store.catalog.load_dags(active_only=False)
    assert [(dag.dag_id, dag.fileloc, dag.is_active) for dag in dags] == [
        ("costs", "a.py", False),
        ("plan", "c.py", True),
        ("sales", "b.py", True),
    ]
    assert [file.fileloc for file in store.catalog.load_files()] == ["a.py", "b.py", "c.py"]
    assert store.catalog.put_files([], paused_at_creation=False, now=T0) == ()


def test_a_file_that_a_database_refuses_keeps_no_other_out(sql_store: SqlStore) -> None:
    bad = ParsedFile(
        file=FileRecord(fileloc="caf\udce9.py", content_hash="c", dag_ids=("costs",)),
        documents=(document_of("costs"),),
    )
    files = [_parsed("a.py", "sales"), bad, _parsed("c.py", "plan")]

    stored = sql_store.catalog.put_files(files, paused_at_creation=False, now=T0)

    assert [(file.changed, bool(file.refused)) for file in stored] == [
        (("sales",), False),
        ((), True),
        (("plan",), False),
    ]
    assert [dag.dag_id for dag in sql_store.catalog.load_dags()] == ["plan", "sales"]
    assert [file.fileloc for file in sql_store.catalog.load_files()] == ["a.py", "c.py"]


def test_a_batch_of_files_takes_as_many_statements_as_one(sql_store: SqlStore) -> None:
    def queries(count: int, fileloc: str) -> int:
        files = [_parsed(f"{fileloc}{number}.py", f"{fileloc}{number}") for number in range(count)]
        before = sql_store.runs.counters.queries
        sql_store.catalog.put_files(files, paused_at_creation=False, now=T0)
        return sql_store.runs.counters.queries - before

    assert queries(1, "one") == queries(30, "many")


def test_an_import_error_keeps_the_dags_that_the_file_had(store: AnyStore) -> None:
    put_dags(store, "sales")
    broken = FileRecord(
        fileloc="sales.py", content_hash="d", dag_ids=("sales",), error='File "sales.py"\nSyntaxError', parsed_at=T0,
        imports=("lib/a.py",), warnings=("old name",), duration_s=0.5,
    )  # fmt: skip

    assert store.catalog.put_file(broken, [], paused_at_creation=True, now=T0) == ()

    assert [dag.dag_id for dag in store.catalog.load_dags()] == ["sales"]
    assert store.catalog.load_files() == store.reads.import_errors() == [broken]
    assert [dag.has_import_errors for dag in store.reads.list_dags()] == [True]


def test_a_dag_id_of_another_active_file_is_not_taken_over(store: AnyStore) -> None:
    put_dags(store, "sales")

    assert put_dags(store, "sales", fileloc="copy.py") == ()
    store.catalog.delete_file("sales.py", now=T0)
    assert put_dags(store, "sales", fileloc="copy.py") == ("sales",)

    dag = store.catalog.load_dag("sales")
    assert dag is not None
    assert (dag.fileloc, dag.is_active) == ("copy.py", True)


@pytest.mark.parametrize(("asked", "is_paused"), [(None, True), (False, False), (True, True)])
def test_a_new_dag_is_paused_as_the_author_or_the_settings_say(
    store: AnyStore, asked: bool | None, is_paused: bool
) -> None:
    documents = [document_of("sales", is_paused_upon_creation=asked)]
    file = FileRecord(fileloc="sales.py", content_hash="c", dag_ids=("sales",))
    store.catalog.put_file(file, documents, paused_at_creation=True, now=T0)

    dag = store.catalog.load_dag("sales")
    assert dag is not None
    assert dag.is_paused is is_paused

    store.runs.apply([[PauseDag(dag_id="sales", is_paused=not is_paused, at=at(1), reason="ada")]])
    put_dags(store, "sales", description="parsed again")
    details = store.reads.dag_details("sales")
    assert details is not None
    assert details.record.is_paused is not is_paused
    assert (details.paused_at, details.paused_reason) == (at(1), "ada")


def test_a_superseded_document_stays_as_long_as_a_run_has_it(store: AnyStore) -> None:
    put_dags(store, "sales", description="1")
    first = document_of("sales", description="1")[0]
    store.runs.apply([[create(run_of(document_hash=first), "load")]])
    for number in "2345":
        put_dags(store, "sales", description=number, now=T0 + int(number) * SUPERSEDED_KEPT)

    hashes = [document_of("sales", description=number)[0] for number in "12345"]
    assert set(store.catalog.load_documents(hashes)) == {hashes[0], hashes[3], hashes[4]}
    details = store.reads.dag_details("sales")
    assert details is not None
    assert (details.number, details.document.description) == (5, "5")


def test_a_document_outlives_a_quick_succession_of_changes(store: AnyStore) -> None:
    for number in "123":
        put_dags(store, "sales", description=number)

    hashes = [document_of("sales", description=number)[0] for number in "123"]
    assert set(store.catalog.load_documents(hashes)) == set(hashes)


def test_deleting_a_dag_leaves_nothing_of_it_and_nothing_else_is_touched(store: AnyStore) -> None:
    put_dags(store, "sales", "costs")
    store.runs.apply(
        [[create(run_of(1), "load")], [create(run_of(2), "load")], [create(run_of(3, dag_id="costs"), "x")]]
    )
    step(store, TaskKey(1, "load"), TaskEvent.QUEUE, try_number=1)
    step(store, TaskKey(1, "load"), TaskEvent.START)
    step(store, TaskKey(1, "load"), TaskEvent.RETRY)
    _told(store)

    assert store.catalog.delete_dag("sales") == 2
    assert store.catalog.delete_dag("sales") == 0

    assert _told(store) == [("dag", "sales")]
    assert [run.run_pk for run in store.runs.load_open_runs()] == [3]
    assert store.runs.load_tasks([1, 2]) == []
    assert store.reads.attempts(TaskKey(1, "load")) == []
    assert store.catalog.load_dag("sales") is None
    assert store.catalog.load_documents([document_of("sales")[0]]) == {}
    assert put_dags(store, "sales", "costs") == ("sales",)


def test_dags_are_listed_with_what_people_look_for(store: AnyStore) -> None:
    tasks = (
        TaskDocument(task_id="a", operator="B", owner="zoe"),
        TaskDocument(task_id="b", operator="B", owner="ada"),
    )
    put_dags(store, "b_sales", tags=("x", "y"), tasks=tasks, schedule_text="@daily", timezone="Europe/Vienna")
    put_dags(store, "a_costs", fileloc="costs.py", tags=("y",), display_name="Costs ✓", description="of all")

    costs, sales = store.reads.list_dags()
    assert (costs.dag_id, costs.display_name, costs.description, costs.tags) == (
        "a_costs",
        "Costs ✓",
        "of all",
        ("y",),
    )
    assert (sales.owners, sales.schedule_text, sales.timezone) == (("ada", "zoe"), "@daily", "Europe/Vienna")
    assert store.reads.list_dags(tags=["x", "none"]) == [sales]
    assert store.reads.list_dags(offset=1, limit=5) == [sales]
    assert store.reads.list_dags(limit=1) == [costs]


def test_runs_are_listed_newest_first_within_bounds(store: AnyStore) -> None:
    runs = [run_of(pk, state=RunState.RUNNING if pk % 2 else RunState.QUEUED) for pk in range(1, 7)]
    store.runs.apply([[create(run)] for run in [*runs, run_of(9, dag_id="costs")]])

    def listed(**keywords: object) -> list[int]:
        return [run.run_pk for run in store.reads.list_runs(**keywords)]  # type: ignore[arg-type]

    assert listed() == [9, 6, 5, 4, 3, 2, 1]
    assert listed(dag_id="sales", states=[RunState.RUNNING]) == [5, 3, 1]
    assert listed(run_after_from=at(2), run_after_to=at(4)) == [4, 3, 2]
    assert listed(offset=2, limit=2) == [5, 4]
