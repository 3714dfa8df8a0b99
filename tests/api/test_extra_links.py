"""Links of operators over HTTP."""

import pytest

from tests.api.conftest import NOW, Client
from tests.store.building import create, document_of, put_dags, run_of, step, xcom
from windward.core.transitions import TaskEvent
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.store.sql.open import SqlStore

TASKS = (
    TaskDocument(task_id="load", operator="X", extra_links=("Jobs", "Data"), link_keys=("_link_A", "_link_B")),
    TaskDocument(task_id="plain", operator="X"),
)  # fmt: skip
ROOT = "/api/v2/dags/sales/dagRuns/a/taskInstances"
LOAD = TaskKey(1, "load")


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales", tasks=TASKS)
    run = run_of(1, run_id="a", document_hash=document_of("sales", tasks=TASKS)[0])
    assert store.runs.apply([[create(run, "load", "plain")]]).all
    return client


def test_links_are_shown_by_name_and_null_before_they_are_made(filled: Client, store: SqlStore) -> None:
    answer = filled.ask("GET", f"{ROOT}/load/links", role="viewer")
    assert answer.json == {"extra_links": {"Data": None, "Jobs": None}, "total_entries": 2}
    store.xcoms.set_xcom(LOAD, "_link_A", xcom('"https://jobs.test/1"'), fence=0, now=NOW)
    shown = filled.ask("GET", f"{ROOT}/load/links", role="viewer").json
    assert shown["extra_links"] == {"Data": None, "Jobs": "https://jobs.test/1"}
    plain = filled.ask("GET", f"{ROOT}/plain/links", role="viewer")
    assert plain.json == {"extra_links": {}, "total_entries": 0}


@pytest.mark.parametrize("value", ['"javascript:alert(1)"', '"//evil.test/x"', "7", "null", '{"a":1}'])
def test_what_no_browser_should_follow_is_not_shown(filled: Client, store: SqlStore, value: str) -> None:
    store.xcoms.set_xcom(LOAD, "_link_A", xcom(value), fence=0, now=NOW)
    shown = filled.ask("GET", f"{ROOT}/load/links", role="viewer").json
    assert shown["extra_links"]["Jobs"] is None


def test_a_try_that_never_was_and_an_instance_that_is_none_are_not_found(
    filled: Client, store: SqlStore
) -> None:
    step(store, LOAD, TaskEvent.QUEUE, try_number=1)
    assert filled.ask("GET", f"{ROOT}/load/links?try_number=1", role="viewer").status == 200
    for path in ("load/links?try_number=2", "load/links?map_index=0", "none/links"):
        assert filled.ask("GET", f"{ROOT}/{path}", role="viewer").status == 404
