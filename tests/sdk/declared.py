"""Operators and contexts that tests of authoring declare DAGs with."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from windward import BaseOperator
from windward.document import DagDocument
from windward.model.states import Semantics
from windward.sdk.dag import DAG
from windward.sdk.serialize import to_document


class Work(BaseOperator):
    """Returns what it was given."""

    template_fields: Collection[str] = ("value", "other")

    def __init__(self, *, value: Any = None, other: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value
        self.other = other

    def execute(self, context: Any) -> Any:
        return self.value


class Strict(Work):
    """Takes an argument that has no default, as provider classes do."""

    def __init__(self, *, conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id


class FakeTaskInstance:
    """Gives the XComs it was made with, by task id (and map index, for mapped tasks)."""

    def __init__(self, values: dict[Any, Any], *, task: Any = None, map_index: int = -1) -> None:
        self.values = values
        self.task = task
        self.map_index = map_index
        self.asked: list[tuple[str, str, Any]] = []

    def xcom_pull(self, *, task_ids: str, key: str, map_indexes: Any, default: Any) -> Any:
        self.asked.append((task_ids, key, map_indexes))
        for name in ((task_ids, key, map_indexes), (task_ids, key)):
            if name in self.values:
                return self.values[name]
        return default


def context_of(
    values: dict[Any, Any] | None = None, *, task: Any = None, map_index: int = -1
) -> dict[str, Any]:
    """Return the part of a context that references need."""
    return {"ti": FakeTaskInstance(values or {}, task=task, map_index=map_index), "task": task}


def edges(dag: DAG) -> set[tuple[str, str]]:
    """Return the links of a DAG, and check that both ends know of each."""
    down = {(task.task_id, after) for task in dag.tasks for after in task.downstream_task_ids}
    up = {(before, task.task_id) for task in dag.tasks for before in task.upstream_task_ids}
    assert down == up
    return down


def document(dag: DAG, semantics: Semantics = Semantics.AIRFLOW3) -> DagDocument:
    """Return the DAG as a document."""
    return to_document(
        dag, fileloc="file.py", code_hash="0", semantics=semantics, semantics_reason="the test says so"
    )
