"""Every public name and the module it lives in: one table, read by `windward` and `windward.sdk`.

A name is imported when it is first asked for, so that a file pays only for what it uses.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

_BY_MODULE: dict[str, str] = {
    "windward.model.states": "RunState TaskState TriggerRule WeightRule",
    "windward.sdk.asset_decorator": "asset",
    "windward.sdk.asset_events": "Metadata",
    "windward.sdk.asset_timetables": "AssetOrTimeSchedule AssetTriggeredTimetable DatasetOrTimeSchedule",
    "windward.sdk.assets": "Asset AssetAlias AssetAll AssetAny AssetRef AssetWatcher BaseAsset Dataset",
    "windward.sdk.connection": "Connection",
    "windward.sdk.custom_timetables": "DagRunInfo DataInterval TimeRestriction Timetable",
    "windward.sdk.plugins": "AirflowPlugin",
    "windward.sdk.context": "Context get_current_context",
    "windward.sdk.dag": "DAG",
    "windward.sdk.dag_decorator": "dag",
    "windward.sdk.decorators": "DecoratedOperator result setup task task_decorator_factory teardown",
    "windward.sdk.edges": "EdgeModifier Label",
    "windward.sdk.group_decorator": "task_group",
    "windward.sdk.groups": "TaskGroup",
    "windward.sdk.hook": "BaseHook",
    "windward.sdk.mapping": "MappedOperator",
    "windward.sdk.operator": "BaseOperator",
    "windward.sdk.operators.bash": "BashOperator",
    "windward.sdk.operators.branch": "BaseBranchOperator",
    "windward.sdk.operators.branch_dates": "BranchDateTimeOperator BranchDayOfWeekOperator",
    "windward.sdk.operators.empty": "EmptyOperator",
    "windward.sdk.operators.latest_only": "LatestOnlyOperator",
    "windward.sdk.operators.python": "BranchPythonOperator PythonOperator ShortCircuitOperator",
    "windward.sdk.operators.sql": "SQLExecuteQueryOperator",
    "windward.sdk.params": "DagParam Param ParamsDict",
    "windward.sdk.parsing_context": "get_parsing_context",
    "windward.sdk.relations": "chain chain_linear cross_downstream",
    "windward.sdk.sensor": "BaseSensorOperator PokeReturnValue poke_mode_only",
    "windward.sdk.sensors.bash": "BashSensor",
    "windward.sdk.sensors.filesystem": "FileSensor",
    "windward.sdk.sensors.http": "HttpSensor",
    "windward.sdk.sensors.moments": "DateTimeSensor DayOfWeekSensor TimeDeltaSensor TimeSensor WaitSensor",
    "windward.sdk.sensors.python": "PythonSensor",
    "windward.sdk.sensors.sql": "SqlSensor",
    "windward.sdk.skip": "BranchMixIn SkipMixin",
    "windward.sdk.templating": "literal",
    "windward.sdk.timetables": (
        "ContinuousTimetable CronDataIntervalTimetable CronTriggerTimetable DeltaDataIntervalTimetable "
        "DeltaTriggerTimetable EventsTimetable MultipleCronTriggerTimetable NullTimetable OnceTimetable"
    ),
    "windward.sdk.variable": "Variable",
    "windward.sdk.xcom": "BaseXCom XCom",
    "windward.sdk.xcom_arg": "XComArg",
}

PUBLIC: dict[str, str] = {name: module for module, names in _BY_MODULE.items() for name in names.split()}
"""Name to module."""

RENAMED = {
    "TaskInstanceState": "TaskState",
    "DagRunState": "RunState",
    "DatasetAlias": "AssetAlias",
    "DatasetAll": "AssetAll",
    "DatasetAny": "AssetAny",
}
"""Airflow's name to ours."""


def resolve(name: str, *, package: str) -> Any:
    """Return the object of a public name; raise AttributeError with a suggestion, as a package's `__getattr__` does."""
    home = PUBLIC.get(RENAMED.get(name, name))
    if home is None:
        hint = "" if name.startswith("_") or _is_module(package, name) else _hint(name)
        raise AttributeError(f"module `{package}` has no name `{name}`{hint}")
    return getattr(import_module(home), RENAMED.get(name, name))


def _is_module(package: str, name: str) -> bool:
    """Whether the import system is about to find a module of the package by this name."""
    return find_spec(f"{package}.{name}") is not None


def _hint(name: str) -> str:
    from windward.sdk.spelling import did_you_mean  # only mistakes need it

    return f". {did_you_mean(name, [*PUBLIC, *RENAMED])}".rstrip(". ")
