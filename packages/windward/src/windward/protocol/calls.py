"""What running user code may ask of the execution service, and the answers.

A closed set. Requests carry no identity: the host adds the attempt they come from, and the service
refuses those of an attempt that is not the current one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.protocol.outcomes import XComValue
from windward.protocol.work import RunContext


class _Call(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class GetXCom(_Call, tag="get_xcom", frozen=True):
    """One value. `task_id` None: the newest of that key by any task of the run. Answer: `XComAnswer`."""

    key: str
    dag_id: str
    run_id: str
    task_id: str | None = None
    map_index: int = -1
    include_prior_dates: bool = False


class GetXComs(_Call, tag="get_xcoms", frozen=True):
    """The values of all instances of a mapped task (or of several tasks), ordered by task, map index.

    `offset` and `limit` page through them. Answer: `XComsAnswer`.
    """

    key: str
    dag_id: str
    run_id: str
    task_ids: tuple[str, ...]
    map_indexes: tuple[int, ...] | None = None
    include_prior_dates: bool = False
    offset: int = 0
    limit: int = 1000


class SetXCom(_Call, tag="set_xcom", frozen=True):
    """Store a value for the attempt's own instance. Answer: `Done`."""

    key: str
    value: XComValue


class DeleteXComs(_Call, tag="delete_xcoms", frozen=True):
    """Delete the own instance's values: of one key, or all. Answer: `Done`."""

    key: str | None = None


class GetVariable(_Call, tag="get_variable", frozen=True):
    """Answer: `VariableAnswer`."""

    key: str


class ListVariables(_Call, tag="list_variables", frozen=True):
    """Keys that begin with `prefix`, sorted. Answer: `KeysAnswer`."""

    prefix: str = ""


class SetVariable(_Call, tag="set_variable", frozen=True):
    """Answer: `Done`."""

    key: str
    value: str
    description: str | None = None


class DeleteVariable(_Call, tag="delete_variable", frozen=True):
    """Answer: `Done`."""

    key: str


class GetConnection(_Call, tag="get_connection", frozen=True):
    """Answer: `ConnectionAnswer`."""

    conn_id: str


class GetRun(_Call, tag="get_run", frozen=True):
    """A DAG run by run id or logical date; both None: the newest run. Answer: `RunAnswer`."""

    dag_id: str
    run_id: str | None = None
    logical_date: datetime | None = None


class GetPreviousRun(_Call, tag="get_previous_run", frozen=True):
    """The run before this one by logical date (of a state, when given). Answer: `RunAnswer`."""

    dag_id: str
    run_id: str
    state: str | None = None


class CountRuns(_Call, tag="count_runs", frozen=True):
    """Answer: `CountAnswer`."""

    dag_id: str
    logical_dates: tuple[datetime, ...] | None = None
    run_ids: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None


class GetTaskStates(_Call, tag="get_task_states", frozen=True):
    """States of task instances by run id. Answer: `TaskStatesAnswer`."""

    dag_id: str
    task_ids: tuple[str, ...] | None = None
    group_id: str | None = None
    run_ids: tuple[str, ...] | None = None
    logical_dates: tuple[datetime, ...] | None = None
    states: tuple[str, ...] | None = None


class TriggerRun(_Call, tag="trigger_run", frozen=True):
    """Create a run of another DAG. Answer: `RunAnswer`, or `Refused` with code `conflict`."""

    dag_id: str
    run_id: str | None = None
    logical_date: datetime | None = None
    conf: dict[str, Any] = {}
    note: str | None = None
    reset: bool = False


class LatestSlot(_Call, tag="latest_slot", frozen=True):
    """Whether this run is the newest slot of its schedule (LatestOnlyOperator). Answer: `BoolAnswer`."""

    dag_id: str
    run_id: str


Call = (
    GetXCom | GetXComs | SetXCom | DeleteXComs | GetVariable | ListVariables | SetVariable | DeleteVariable | GetConnection
    | GetRun | GetPreviousRun | CountRuns | GetTaskStates | TriggerRun | LatestSlot
)  # fmt: skip


class Done(_Call, tag="done", frozen=True):
    """The call was carried out."""


class Refused(_Call, tag="refused", frozen=True):
    """The call was not carried out. `code`: `not_found`, `conflict`, `stale`, `invalid`, `unavailable`."""

    code: str
    message: str
    hint: str = ""


class XComAnswer(_Call, tag="xcom", frozen=True):
    """`value` None: there is no such XCom."""

    value: XComValue | None


class XComItem(_Call, frozen=True):
    """One of several XComs."""

    task_id: str
    map_index: int
    run_id: str
    value: XComValue


class XComsAnswer(_Call, tag="xcoms", frozen=True):
    """A page of values and the count of all."""

    items: tuple[XComItem, ...]
    total: int


class VariableAnswer(_Call, tag="variable", frozen=True):
    """`value` None: there is no such variable."""

    value: str | None


class KeysAnswer(_Call, tag="keys", frozen=True):
    """Keys, sorted."""

    keys: tuple[str, ...]


class ConnectionAnswer(_Call, tag="connection", frozen=True):
    """`uri_parts` None: there is no such connection; else the fields of an Airflow connection."""

    fields: dict[str, Any] | None
    """conn_type, host, schema, login, password, port, extra (JSON text), description."""


class RunAnswer(_Call, tag="run", frozen=True):
    """`run` None: there is none."""

    run: RunContext | None


class CountAnswer(_Call, tag="count", frozen=True):
    """A count."""

    count: int


class BoolAnswer(_Call, tag="bool", frozen=True):
    """A truth."""

    value: bool


class TaskStateItem(_Call, frozen=True):
    """The state of one task instance."""

    run_id: str
    task_id: str
    map_index: int
    state: str | None


class TaskStatesAnswer(_Call, tag="task_states", frozen=True):
    """States of task instances."""

    items: tuple[TaskStateItem, ...]


Answer = (
    Done | Refused | XComAnswer | XComsAnswer | VariableAnswer | ConnectionAnswer | RunAnswer | CountAnswer
    | BoolAnswer | TaskStatesAnswer | KeysAnswer
)  # fmt: skip
