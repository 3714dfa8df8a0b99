"""A task bridge in memory, and builders of contexts for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from windward.model.states import RunType, Semantics
from windward.protocol import calls
from windward.protocol.calls import Answer, Call
from windward.protocol.outcomes import XComValue
from windward.protocol.work import RunContext, TaskContext
from windward.sdk import serde
from windward.sdk.bridge import LargeValues, use_bridge
from windward.sdk.context import Context, build_context, running_in

DATE = datetime(2024, 3, 9, 12, 30, tzinfo=UTC)


class FakeLargeValues:
    """Large values in a dict."""

    def __init__(self, threshold_bytes: int) -> None:
        self.threshold_bytes = threshold_bytes
        self.stored: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> str:
        location = f"memory://{name}"
        self.stored[location] = data
        return location

    def get(self, location: str) -> bytes:
        return self.stored[location]


class FakeBridge:
    """Answers calls from dicts and keeps every call that it got."""

    def __init__(self, large_values: LargeValues | None = None) -> None:
        self.large_values = large_values
        self.calls: list[Call] = []
        self.masked: list[str] = []
        self.variables: dict[str, str] = {}
        self.connections: dict[str, dict[str, Any]] = {}
        self.xcoms: dict[tuple[str, str, str, int], XComValue] = {}
        """By key, run, task, map index; the newest last."""
        self.own = ("run_1", "task", -1)
        self.previous_runs: list[RunContext] = []
        self.task_states: list[calls.TaskStateItem] = []
        self.is_latest_slot = True
        self.runs = 0
        self.scripted: dict[type, list[Answer]] = {}
        """Answers to calls of a kind, in order; the last one stays."""

    def put(self, task_id: str, value: Any, *, key: str = "return_value", map_index: int = -1) -> None:
        """Store a value of another task."""
        stored = serde.encode(value, name=task_id, large=self.large_values)
        self.xcoms[key, "run_1", task_id, map_index] = stored

    def mask(self, values: Sequence[str]) -> None:
        self.masked.extend(values)

    def call(self, call: Call) -> Answer:
        self.calls.append(call)
        script = self.scripted.get(type(call))
        if script:
            return script.pop(0) if len(script) > 1 else script[0]
        match call:
            case calls.GetXCom():
                return self._xcom(call)
            case calls.GetXComs():
                return self._xcoms(call)
            case calls.SetXCom():
                run_id, task_id, map_index = self.own
                self.xcoms[call.key, run_id, task_id, map_index] = call.value
                return calls.Done()
            case calls.DeleteXComs():
                for place in [p for p in self.xcoms if p[1:] == self.own and call.key in {None, p[0]}]:
                    del self.xcoms[place]
                return calls.Done()
            case calls.GetVariable():
                return calls.VariableAnswer(value=self.variables.get(call.key))
            case calls.ListVariables(prefix=prefix):
                keys = tuple(sorted(key for key in self.variables if key.startswith(prefix)))
                return calls.KeysAnswer(keys=keys)
            case calls.SetVariable():
                self.variables[call.key] = call.value
                return calls.Done()
            case calls.DeleteVariable():
                if call.key not in self.variables:
                    return calls.Refused(code="not_found", message="no such variable")
                del self.variables[call.key]
                return calls.Done()
            case calls.GetConnection():
                return calls.ConnectionAnswer(fields=self.connections.get(call.conn_id))
            case calls.GetPreviousRun():
                fitting = [run for run in self.previous_runs if call.state in {None, run.state}]
                return calls.RunAnswer(run=fitting[-1] if fitting else None)
            case calls.GetRun():
                fitting = [run for run in self.previous_runs if run.run_id == call.run_id]
                return calls.RunAnswer(run=fitting[0] if fitting else None)
            case calls.CountRuns():
                return calls.CountAnswer(count=self.runs)
            case calls.GetTaskStates():
                return calls.TaskStatesAnswer(items=tuple(self.task_states))
            case calls.LatestSlot():
                return calls.BoolAnswer(value=self.is_latest_slot)
            case calls.TriggerRun():
                return calls.Refused(code="conflict", message="there is such a run")
            case _:
                raise AssertionError(f"no answer to {call} is scripted")

    def _xcom(self, call: calls.GetXCom) -> calls.XComAnswer:
        found = [
            value
            for (key, run_id, task_id, map_index), value in self.xcoms.items()
            if key == call.key
            and run_id == call.run_id
            and (call.task_id is None or (task_id, map_index) == (call.task_id, call.map_index))
        ]
        return calls.XComAnswer(value=found[-1] if found else None)

    def _xcoms(self, call: calls.GetXComs) -> calls.XComsAnswer:
        items = [
            calls.XComItem(task_id=task_id, map_index=map_index, run_id=run_id, value=value)
            for (key, run_id, task_id, map_index), value in sorted(
                self.xcoms.items(), key=lambda item: (item[0][2], item[0][3])
            )
            if key == call.key
            and run_id == call.run_id
            and task_id in call.task_ids
            and (call.map_indexes is None or map_index in call.map_indexes)
        ]
        page = items[call.offset : call.offset + call.limit]
        return calls.XComsAnswer(items=tuple(page), total=len(items))

    def value(self, key: str = "return_value") -> Any:
        """Return what the own task stored."""
        run_id, task_id, map_index = self.own
        return serde.decode(self.xcoms[key, run_id, task_id, map_index], large=self.large_values)


def run_context(dag_id: str = "dag", *, logical_date: datetime | None = DATE, **fields: Any) -> RunContext:
    """Return a run; its interval is the day after its logical date."""
    values: dict[str, Any] = {
        "run_pk": 1,
        "dag_id": dag_id,
        "run_id": "run_1",
        "run_type": RunType.SCHEDULED,
        "run_after": DATE,
        "logical_date": logical_date,
        "data_interval_start": logical_date,
        "data_interval_end": logical_date.replace(day=logical_date.day + 1) if logical_date else None,
    }
    return RunContext(**{**values, **fields})


def task_context(
    task: Any,
    *,
    run: RunContext | None = None,
    semantics: Semantics = Semantics.AIRFLOW3,
    map_index: int = -1,
    **fields: Any,
) -> TaskContext:
    """Return what comes with a granted start of `task`."""
    values: dict[str, Any] = {
        "run": run or run_context(task.dag_id),
        "dag_id": task.dag_id,
        "task_id": task.task_id,
        "map_index": map_index,
        "try_number": 1,
        "max_tries": 3,
        "start_date": DATE,
        "semantics": semantics,
    }
    return TaskContext(**{**values, **fields})


@contextmanager
def running(
    task: Any, *, bridge: FakeBridge | None = None, more: Mapping[str, Any] | None = None, **fields: Any
) -> Iterator[tuple[Context, FakeBridge]]:
    """Give the context of a running task and the bridge that it uses."""
    here = bridge or FakeBridge()
    work = task_context(task, **fields)
    here.own = (work.run.run_id, work.task_id, work.map_index)
    with use_bridge(here), running_in(build_context(task, work, more=more)) as context:
        yield context, here
