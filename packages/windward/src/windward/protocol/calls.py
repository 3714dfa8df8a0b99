"""What running user code may ask of the execution service, and the answers.

A closed set. Requests carry no identity: the host adds the attempt they come from, and the service
refuses those of an attempt that is not the current one.
Longer than 400 lines because it is one vocabulary, each call with its answer.
"""

from __future__ import annotations

from typing import Any

import msgspec

from windward.model.instants import Instant
from windward.model.records import AssetEventRecord
from windward.protocol.outcomes import DeadXCom, XComValue
from windward.protocol.states import DeleteState, GetState, SetState, StateAnswer
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
    """Delete the own instance's values: of one key, or all. Answer: `Done`.

    `is_purged`: their backend has deleted already what it kept of them elsewhere.
    """

    key: str | None = None
    is_purged: bool = False


class GetDeadXComs(_Call, tag="get_dead_xcoms", frozen=True):
    """Values of the own instance that an earlier try left and that have to be purged. Answer: `DeadXComsAnswer`."""


class SettleDeadXComs(_Call, tag="settle_dead_xcoms", frozen=True):
    """Say which of them (by `dead_pk`) were purged, and which could not be. Answer: `Done`."""

    purged: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()


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
    logical_date: Instant | None = None


class GetPreviousRun(_Call, tag="get_previous_run", frozen=True):
    """The run before this one by logical date (of a state, when given). Answer: `RunAnswer`."""

    dag_id: str
    run_id: str
    state: str | None = None


class CountRuns(_Call, tag="count_runs", frozen=True):
    """Answer: `CountAnswer`."""

    dag_id: str
    logical_dates: tuple[Instant, ...] | None = None
    run_ids: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None


class GetTaskStates(_Call, tag="get_task_states", frozen=True):
    """States of task instances by run id. Answer: `TaskStatesAnswer`."""

    dag_id: str
    task_ids: tuple[str, ...] | None = None
    group_id: str | None = None
    run_ids: tuple[str, ...] | None = None
    logical_dates: tuple[Instant, ...] | None = None
    states: tuple[str, ...] | None = None


class TallyTasks(_Call, tag="tally_tasks", frozen=True):
    """How many instances of tasks are in which state, by run; a group stands for all tasks in it.

    Answer: `TaskTalliesAnswer`, or `Refused` with code `not_found` when the DAG has no such group.
    """

    dag_id: str
    task_ids: tuple[str, ...] | None = None
    group_id: str | None = None
    run_ids: tuple[str, ...] | None = None
    logical_dates: tuple[Instant, ...] | None = None


class FindRuns(_Call, tag="find_runs", frozen=True):
    """Runs of some DAGs by logical date, those without one last; None does not restrict. Answer: `RunsAnswer`."""

    dag_ids: tuple[str, ...]
    run_ids: tuple[str, ...] | None = None
    logical_dates: tuple[Instant, ...] | None = None
    states: tuple[str, ...] | None = None
    run_types: tuple[str, ...] | None = None
    date_from: Instant | None = None
    date_to: Instant | None = None
    """Bounds of the logical date, inclusive."""
    limit: int = 1000


class FindDag(_Call, tag="find_dag", frozen=True):
    """What is known of a DAG, and whether its schedule ever makes runs of these dates. Answer: `DagAnswer`."""

    dag_id: str
    logical_dates: tuple[Instant, ...] = ()


class TriggerRun(_Call, tag="trigger_run", frozen=True):
    """Create a run of some DAG. Answer: `RunAnswer`, or `Refused` with code `conflict` or `paused`.

    An attempt that asks again what an earlier one of its instance asked for gets the run that was made then,
    unless that is in one of the states `again_after`. Without a `logical_date` the run's is the present, with
    `has_no_date` it has none. With `reset` a run of that id or date is run again from the start.
    """

    dag_id: str
    run_id: str | None = None
    logical_date: Instant | None = None
    has_no_date: bool = False
    run_after: Instant | None = None
    conf: dict[str, Any] = {}
    note: str | None = None
    reset: bool = False
    needs_unpaused: bool = False
    since: Instant | None = None
    """Start of the instance's first attempt since its last clear; None: each call is a new wish."""
    place: int = 0
    """Which of the runs that this attempt triggers, counted from 0."""
    again_after: tuple[str, ...] = ()


class LatestSlot(_Call, tag="latest_slot", frozen=True):
    """Whether no later slot of its schedule is due than this run (LatestOnlyOperator). Answer: `BoolAnswer`."""

    dag_id: str
    run_id: str


class GetAssetEvents(_Call, tag="get_asset_events", frozen=True):
    """Events of an asset (by name, URI or both), or of what was written through an alias; bounds are inclusive.

    Answer: `AssetEventsAnswer`.
    """

    name: str = ""
    uri: str = ""
    alias: str = ""
    after: Instant | None = None
    before: Instant | None = None
    newest_first: bool = False
    offset: int = 0
    limit: int = 1000


class GetConsumedEvents(_Call, tag="get_consumed_events", frozen=True):
    """The asset events that a run was made of. Answer: `AssetEventsAnswer`."""

    dag_id: str
    run_id: str


class GetSchedulePlace(_Call, tag="get_schedule_place", frozen=True):
    """Where a DAG is in its schedule: its last scheduled run. Answer: `PlaceAnswer`."""

    dag_id: str


class GetAsset(_Call, tag="get_asset", frozen=True):
    """An asset that some DAG declares, by its name or URI. Answer: `AssetAnswer`, or `Refused` (`not_found`)."""

    name: str = ""
    uri: str = ""


Call = (
    GetState | SetState | DeleteState |
    GetSchedulePlace | GetAssetEvents | GetConsumedEvents | GetAsset |
    GetDeadXComs | SettleDeadXComs |
    GetXCom | GetXComs | SetXCom | DeleteXComs | GetVariable | ListVariables | SetVariable | DeleteVariable | GetConnection
    | GetRun | GetPreviousRun | CountRuns | GetTaskStates | TriggerRun | LatestSlot | TallyTasks | FindRuns | FindDag
)  # fmt: skip


class Done(_Call, tag="done", frozen=True):
    """The call was carried out."""


class Refused(_Call, tag="refused", frozen=True):
    """The call was not carried out. `code`: `not_found`, `conflict`, `paused`, `stale`, `invalid`,
    `invalid_params`, `unavailable`, `broken` (a bug of the server).
    """

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


class DeadXComsAnswer(_Call, tag="dead_xcoms", frozen=True):
    """Some of the values that wait to be purged; fewer than were asked for when there are no more."""

    items: tuple[DeadXCom, ...]


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


class TaskTally(_Call, frozen=True):
    """How many instances of a task of a run are in a state."""

    run_id: str
    logical_date: Instant | None
    task_id: str
    state: str
    count: int


class TaskTalliesAnswer(_Call, tag="task_tallies", frozen=True):
    """`task_ids` are the tasks that were asked for and that the DAG has, by its newest version."""

    items: tuple[TaskTally, ...]
    task_ids: tuple[str, ...]


class RunsAnswer(_Call, tag="runs", frozen=True):
    """Runs."""

    runs: tuple[RunContext, ...]


class DagAnswer(_Call, tag="dag", frozen=True):
    """What tasks may know of a DAG. `is_known` False: there is none, or its file is gone."""

    is_known: bool
    is_paused: bool = False
    task_ids: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()
    mismatch: str = ""
    """Why its schedule never makes a run of one of the dates, in one sentence; empty when it makes them all."""


class TaskStateItem(_Call, frozen=True):
    """The state of one task instance."""

    run_id: str
    task_id: str
    map_index: int
    state: str | None


class TaskStatesAnswer(_Call, tag="task_states", frozen=True):
    """States of task instances."""

    items: tuple[TaskStateItem, ...]


class AssetEventsAnswer(_Call, tag="asset_events", frozen=True):
    """Events, in the order that was asked for."""

    events: tuple[AssetEventRecord, ...]


class PlaceAnswer(_Call, tag="place", frozen=True):
    """All None: the schedule has made no run yet."""

    run_after: Instant | None = None
    interval_start: Instant | None = None
    interval_end: Instant | None = None
    asked: tuple[tuple[Instant, Instant], ...] = ()
    """Ranges (both ends inclusive) whose runs somebody wants to know."""


class AssetAnswer(_Call, tag="asset", frozen=True):
    """An asset as a DAG declares it."""

    name: str
    uri: str
    group: str = "asset"
    extra: dict[str, Any] = {}


Answer = (
    StateAnswer | PlaceAnswer | AssetEventsAnswer | AssetAnswer |
    Done | Refused | XComAnswer | XComsAnswer | DeadXComsAnswer | VariableAnswer | ConnectionAnswer | RunAnswer | CountAnswer
    | BoolAnswer | TaskStatesAnswer | KeysAnswer | TaskTalliesAnswer | RunsAnswer | DagAnswer
)  # fmt: skip
