"""Builders for the store's tests: records, actions and documents of which only what matters is said."""

from datetime import UTC, datetime, timedelta
from typing import Any

from windward.core.actions import AddTasks, CreateRun, MoveTask, move
from windward.core.transitions import TaskEvent
from windward.document import DagDocument, TaskDocument, content_hash, encode
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, RunType
from windward.ports.store import Store
from windward.protocol.outcomes import XComPut, XComValue
from windward.store.memory import MemoryStore
from windward.store.sql.open import SqlStore

T0 = datetime(2026, 3, 29, 0, 30, 0, 123456, tzinfo=UTC)

AnyStore = MemoryStore | SqlStore


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def run_of(run_pk: int = 1, *, dag_id: str = "sales", **changes: Any) -> RunRecord:
    values: dict[str, Any] = {
        "run_id": f"manual__{run_pk}",
        "run_type": RunType.MANUAL,
        "state": RunState.QUEUED,
        "document_hash": "0" * 32,
        "run_after": at(run_pk),
    }
    return RunRecord(run_pk=run_pk, dag_id=dag_id, **{**values, **changes})


def tasks_of(run_pk: int, *task_ids: str) -> tuple[TaskRecord, ...]:
    return tuple(TaskRecord(run_pk=run_pk, task_id=task_id) for task_id in task_ids)


def create(run: RunRecord, *task_ids: str, **changes: Any) -> CreateRun:
    return CreateRun(run=run, tasks=tasks_of(run.run_pk, *task_ids), at=run.run_after, **changes)


def expand(run_pk: int, task_id: str, count: int, **changes: Any) -> AddTasks:
    tasks = tuple(TaskRecord(run_pk=run_pk, task_id=task_id, map_index=index) for index in range(count))
    return AddTasks(
        run_pk=run_pk, tasks=tasks, replaces=TaskKey(run_pk, task_id), at=T0, reason="2 items", **changes
    )


def task_in(store: Store, key: TaskKey) -> TaskRecord:
    """Return a task instance as it is stored."""
    (task,) = (task for task in store.runs.load_tasks([key.run_pk]) if task.key == key)
    return task


def step(store: Store, key: TaskKey, event: TaskEvent, **changes: Any) -> MoveTask:
    """Apply one legal move to the instance as it is stored, and return it."""
    action = move(task_in(store, key), event, at=T0, **changes)
    assert store.runs.apply([[action]]).all
    return action


def xcom(text: str, *, location: str | None = None) -> XComValue:
    data = None if location else text.encode()
    return XComValue(encoding="json", data=data, location=location, size_bytes=len(text), preview=text)


def put(key: str, text: str, *, location: str | None = None) -> XComPut:
    return XComPut(key=key, value=xcom(text, location=location))


def document_of(dag_id: str, *, fileloc: str = "sales.py", **changes: Any) -> tuple[str, bytes, DagDocument]:
    tasks = changes.pop("tasks", (TaskDocument(task_id="load", operator="PythonOperator", owner="ada"),))
    document = DagDocument(dag_id=dag_id, fileloc=fileloc, tasks=tasks, **changes)
    body = encode(document)
    return content_hash(body), body, document


def put_dags(
    store: Store, *dag_ids: str, fileloc: str = "sales.py", now: datetime = T0, **changes: Any
) -> tuple[str, ...]:
    """Store a file with these DAGs, not paused; return the ids of DAGs that changed."""
    documents = [document_of(dag_id, fileloc=fileloc, **changes) for dag_id in dag_ids]
    file = FileRecord(fileloc=fileloc, content_hash="c", dag_ids=dag_ids)
    return store.catalog.put_file(file, documents, paused_at_creation=False, now=now)
