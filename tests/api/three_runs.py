"""Three runs that failed, for tests of what people do to task instances."""

from datetime import timedelta
from typing import Any

from tests.api.conftest import NOW, Answer, Client
from tests.store.building import create, document_of, expand, put_dags, run_of, step
from windward.core.actions import move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.document import GroupDocument, TaskDocument
from windward.document.expansion import Expansion
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.store.sql.open import SqlStore

OVER = Expansion(style="product", arguments=())
TASKS = (
    TaskDocument(task_id="a", operator="One", retries=2),
    TaskDocument(task_id="g.b", operator="One", group_id="g", upstream=("a",)),
    TaskDocument(task_id="g.c", operator="One", group_id="g", upstream=("g.b",)),
    TaskDocument(task_id="d", operator="One", upstream=("g.c",)),
    TaskDocument(task_id="m", operator="One", expansion=OVER),
)
SALES: dict[str, Any] = {"tasks": TASKS, "groups": (GroupDocument(group_id="g"),)}
ENDS = {"a": TaskEvent.SUCCEED, "g.b": TaskEvent.FAIL}
RUN = "/api/v2/dags/sales/dagRuns/r2"
INSTANCES = f"{RUN}/taskInstances"
CLEAR = "/api/v2/dags/sales/clearTaskInstances"
FRESH = {"a": "success", "g.b": "failed", "g.c": "upstream_failed", "d": "upstream_failed",
         "m[0]": "success", "m[1]": "success"}  # fmt: skip


def fill(store: SqlStore) -> None:
    """Store three runs of `sales` that failed, and one of `costs`."""
    put_dags(store, "sales", **SALES)
    put_dags(store, "costs", fileloc="costs.py")
    for pk in (1, 2, 3):
        failed(store, pk)
    assert store.runs.apply([[create(run_of(9, dag_id="costs", run_id="other"), "load")]]).all


def failed(store: SqlStore, pk: int) -> None:
    """Store a run of which `g.b` failed, with what followed."""
    run = run_of(
        pk,
        run_id=f"r{pk}",
        logical_date=NOW + timedelta(days=pk),
        document_hash=document_of("sales", **SALES)[0],
    )
    assert store.runs.apply([[create(run, *(task.task_id for task in TASKS))]]).all
    assert store.runs.apply([[move_run(run, RunEvent.START, at=NOW, start_date=NOW)]]).all
    assert store.runs.apply([[expand(pk, "m", 2)]]).all
    for key, end in (
        (TaskKey(pk, "a"), TaskEvent.SUCCEED),
        (TaskKey(pk, "g.b"), TaskEvent.FAIL),
        (TaskKey(pk, "m", 0), TaskEvent.SUCCEED),
        (TaskKey(pk, "m", 1), TaskEvent.SUCCEED),
    ):
        step(store, key, TaskEvent.QUEUE, try_number=1)
        step(store, key, TaskEvent.START, start_date=NOW)
        step(store, key, end, end_date=NOW)
    for name in ("g.c", "d"):
        step(store, TaskKey(pk, name), TaskEvent.UPSTREAM_FAIL, end_date=NOW)
    [running] = store.runs.load_runs([pk])
    assert store.runs.apply([[move_run(running, RunEvent.FAIL, at=NOW, end_date=NOW)]]).all


def states(store: SqlStore, pk: int = 2) -> dict[str, str]:
    return {
        task.task_id + (f"[{task.map_index}]" if task.map_index >= 0 else ""): str(task.state)
        for task in store.runs.load_tasks([pk])
    }


def run_state(store: SqlStore, pk: int = 2) -> RunState:
    return store.runs.load_runs([pk])[0].state


def named(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    assert answer.json["total_entries"] == len(answer.json["task_instances"])
    return [
        f"{one['dag_run_id']}.{one['task_id']}" + (f"[{one['map_index']}]" if one["map_index"] >= 0 else "")
        for one in answer.json["task_instances"]
    ]


def patch(client: Client, path: str, body: Any, role: str = "user") -> Answer:
    return client.ask("PATCH", path, body, role=role)
