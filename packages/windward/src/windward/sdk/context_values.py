"""What the values of a context are made from, key by key; nothing is made before it is asked for.

What may not live here: the dict itself, and when a key warns (`context`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from windward.model.states import RunType
from windward.protocol.work import RunContext, TaskContext
from windward.sdk import dates
from windward.sdk.accessors import ConnectionAccessor, VariableAccessor
from windward.sdk.lazy import LazyValue
from windward.sdk.masking import mask_secret
from windward.sdk.task_instance import RuntimeTaskInstance
from windward.sdk.times import at_users_edge


class Source:
    """What the values of a context are made from."""

    def __init__(
        self, *, dag: Any, run: RunContext, ti: RuntimeTaskInstance | None, work: TaskContext | None
    ) -> None:
        self.dag = dag
        self.run = run
        if run.conf:
            mask_secret(run.conf, "conf")
        self.ti = ti
        self.work = work
        self._previous: Any = _UNASKED

    @property
    def task(self) -> Any:
        """The task, as it is now: rendering may have replaced it by a copy."""
        return self.ti.task if self.ti is not None else None

    @property
    def logical_date(self) -> Any:
        """The logical date as Pendulum's."""
        return at_users_edge(self.run.logical_date)

    def previous_success(self, name: str) -> LazyValue:
        """Return a date of the last successful run before this one, fetched when it is used."""
        return LazyValue(lambda: self._previous_date(name))

    def _previous_date(self, name: str) -> Any:
        if self._previous is _UNASKED:
            ti = self.ti
            self._previous = ti.get_previous_dagrun(state="success") if ti is not None else None
        return getattr(self._previous, name) if self._previous is not None else None


_UNASKED = object()


def _params(source: Source) -> dict[str, Any]:
    """Return the declared params of DAG and task with the run's conf over them, checked. Raises `InvalidParamError`."""
    declared = getattr(source.dag, "params", None)
    own = getattr(source.task, "params", None) if source.task is not None else declared
    if not own and not declared:
        return dict(source.run.conf)
    from windward.sdk.params import ParamsDict  # checks JSON schemas, imports their library

    merged = ParamsDict(own if own is not None else declared, suppress_exception=True)
    merged.update(source.run.conf)
    merged.suppress_exception = False
    checked = dict(merged.validate())
    mask_secret(checked, "params")
    return checked


def _instance_key(source: Source) -> str:
    date = source.run.logical_date
    last = dates.ds_nodash(date) if date is not None else source.run.run_id
    task_id = source.ti.task_id if source.ti is not None else ""
    return f"{source.run.dag_id}__{task_id}__{last}"


def _macros(_source: Source) -> Any:
    from windward.sdk import macros  # few tasks use macros

    return macros


def _conf(_source: Source) -> Any:
    from windward.sdk.configuration import conf  # few tasks read settings

    return conf


def _of_task(name: str) -> Callable[[Source], Any]:
    return lambda source: getattr(source.task, name, None)


def _of_date(form: Callable[[Any], Any]) -> Callable[[Source], Any]:
    return lambda source: form(source.run.logical_date)


def _of_day(days: int, form: Callable[[Any], Any]) -> Callable[[Source], Any]:
    return lambda source: (
        form(source.run.logical_date + timedelta(days=days)) if source.run.logical_date else None
    )


def _next_date(source: Source) -> Any:
    """Return the logical date of the next run; a run that somebody asked for is its own neighbour, as in Airflow 2."""
    if source.run.run_type is RunType.MANUAL:
        return source.logical_date
    following = source.work.next_logical_date if source.work is not None else None
    return at_users_edge(following or source.run.data_interval_end)


def _previous_date(source: Source) -> Any:
    if source.run.run_type is RunType.MANUAL:
        return source.logical_date
    return at_users_edge(source.work.prev_logical_date if source.work is not None else None)


def _day(date: Callable[[Source], Any], form: Callable[[Any], str]) -> Callable[[Source], Any]:
    def make(source: Source) -> Any:
        value = date(source)
        return None if value is None else form(value)

    return make


def _expanded_count(source: Source) -> Any:
    if source.ti is None or source.ti.map_index < 0:
        return None
    ti = source.ti
    return LazyValue(lambda: ti.get_ti_count(ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id]))


def _inlet_events(source: Source) -> Any:
    from windward.sdk.asset_events import InletEvents  # few tasks look at assets

    return InletEvents(getattr(source.task, "inlets", None) or ())


def _outlet_events(_source: Source) -> Any:
    from windward.sdk.asset_events import OutletEvents  # as above

    return OutletEvents()


def _triggering_events(source: Source, *, by_uri: bool) -> Any:
    if source.run.run_type is not RunType.ASSET_TRIGGERED:
        return {}
    from windward.sdk.asset_events import TriggeringEvents  # as above

    return TriggeringEvents(source.run.dag_id, source.run.run_id, by_uri=by_uri)


def _task_states(source: Source) -> Any:
    from windward.sdk.state_backend import TaskScope  # few tasks keep values
    from windward.sdk.state_store import TaskStateStoreAccessor

    work = source.work
    index = work.map_index if work is not None else -1
    task_id = work.task_id if work is not None else ""
    return TaskStateStoreAccessor(TaskScope(source.run.dag_id, source.run.run_id, task_id, index))


def _asset_states(source: Source) -> Any:
    from windward.sdk.state_store import AssetStateStoreAccessors  # as above

    task = source.task
    return AssetStateStoreAccessors(
        [*(getattr(task, "inlets", None) or ()), *(getattr(task, "outlets", None) or ())]
    )


MAKERS: dict[str, Callable[[Source], Any]] = {
    "params": _params,
    "var": lambda _: {
        "json": VariableAccessor(deserialize_json=True),
        "value": VariableAccessor(deserialize_json=False),
    },
    "conn": lambda _: ConnectionAccessor(),
    "macros": _macros,
    "inlets": _of_task("inlets"),
    "outlets": _of_task("outlets"),
    "inlet_events": _inlet_events,
    "outlet_events": _outlet_events,
    "task_state_store": _task_states,
    "asset_state_store": _asset_states,
    "map_index_template": _of_task("map_index_template"),
    "triggering_asset_events": lambda source: _triggering_events(source, by_uri=False),
    "task_instance_key_str": _instance_key,
    "task_reschedule_count": lambda source: source.work.reschedule_count if source.work is not None else 0,
    "partition_key": lambda _: None,
    "partition_date": lambda _: None,
    "test_mode": lambda source: source.ti.test_mode if source.ti is not None else False,
    "templates_dict": _of_task("templates_dict"),
    "expanded_ti_count": _expanded_count,
    "try_number": lambda source: source.ti.try_number if source.ti is not None else 0,
    "prev_start_date_success": lambda source: source.previous_success("start_date"),
    "prev_end_date_success": lambda source: source.previous_success("end_date"),
    "prev_data_interval_start_success": lambda source: source.previous_success("data_interval_start"),
    "prev_data_interval_end_success": lambda source: source.previous_success("data_interval_end"),
    "logical_date": lambda source: source.logical_date,
    "ds": _of_date(dates.ds),
    "ds_nodash": _of_date(dates.ds_nodash),
    "ts": _of_date(dates.ts),
    "ts_nodash": _of_date(dates.ts_nodash),
    "ts_nodash_with_tz": _of_date(dates.ts_nodash_with_tz),
    "data_interval_start": lambda source: at_users_edge(source.run.data_interval_start),
    "data_interval_end": lambda source: at_users_edge(source.run.data_interval_end),
    "conf": _conf,
    "execution_date": lambda source: source.logical_date,
    "next_execution_date": _next_date,
    "next_ds": _day(_next_date, dates.ds),
    "next_ds_nodash": _day(_next_date, dates.ds_nodash),
    "prev_execution_date": _previous_date,
    "prev_execution_date_success": lambda source: source.previous_success("logical_date"),
    "prev_ds": _day(_previous_date, dates.ds),
    "prev_ds_nodash": _day(_previous_date, dates.ds_nodash),
    "tomorrow_ds": _of_day(1, dates.ds),
    "tomorrow_ds_nodash": _of_day(1, dates.ds_nodash),
    "yesterday_ds": _of_day(-1, dates.ds),
    "yesterday_ds_nodash": _of_day(-1, dates.ds_nodash),
    "triggering_dataset_events": lambda source: _triggering_events(source, by_uri=True),
}

DEPRECATED: dict[str, str] = {
    "conf": "",
    "execution_date": "logical_date",
    "next_execution_date": "data_interval_end",
    "next_ds": "data_interval_end | ds",
    "next_ds_nodash": "data_interval_end | ds_nodash",
    "prev_execution_date": "",
    "prev_execution_date_success": "prev_data_interval_start_success",
    "prev_ds": "",
    "prev_ds_nodash": "",
    "tomorrow_ds": "macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": "macros.ds_add(ds, 1)",
    "yesterday_ds": "macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": "macros.ds_add(ds, -1)",
    "triggering_dataset_events": "triggering_asset_events",
}
"""Keys of Airflow 2 that 3 removed, and what to use instead."""

NEED_LOGICAL_DATE = frozenset(
    {
        "logical_date", "ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz", "data_interval_start",
        "data_interval_end", "prev_data_interval_start_success", "prev_data_interval_end_success", "execution_date",
        "next_execution_date", "next_ds", "next_ds_nodash", "prev_execution_date", "prev_execution_date_success",
        "prev_ds", "prev_ds_nodash", "tomorrow_ds", "tomorrow_ds_nodash", "yesterday_ds", "yesterday_ds_nodash",
    }
)  # fmt: skip

CONTEXT_KEYS = frozenset(
    {*MAKERS, "dag", "dag_run", "run_id", "task", "task_instance", "ti", "exception", "reason"}
)
"""Every name that a context may have."""
