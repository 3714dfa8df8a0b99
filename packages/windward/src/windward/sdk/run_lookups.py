"""`DagRun.find` and its like: reads of runs that task code makes, answered by the execution service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windward.model.states import RunType
from windward.protocol.calls import DagAnswer, FindDag, FindRuns, RunsAnswer
from windward.sdk import bridge
from windward.sdk.dag_run import DagRunView
from windward.sdk.exceptions import AirflowException, DagNotFound
from windward.timetable import run_id_of

RUNS_MAX = 10_000
_SCHEDULED = (RunType.SCHEDULED, RunType.BACKFILL, RunType.ASSET_TRIGGERED)


def find_runs(
    dag_id: str | Iterable[str] | None = None,
    run_id: str | Iterable[str] | None = None,
    execution_date: datetime | Iterable[datetime] | None = None,
    state: Any = None,
    external_trigger: bool | None = None,  # noqa: FBT001 - Airflow's signature
    no_backfills: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
    run_type: Any = None,
    session: Any = None,
    execution_start_date: datetime | None = None,
    execution_end_date: datetime | None = None,
    *,
    logical_date: datetime | Iterable[datetime] | None = None,
    logical_start_date: datetime | None = None,
    logical_end_date: datetime | None = None,
) -> list[DagRunView]:
    """Return runs of one or more DAGs by logical date; what is left out does not restrict.

    Raises `AirflowException` without a `dag_id`: nobody reads the runs of all DAGs.
    """
    del session
    dag_ids = _texts(dag_id)
    if not dag_ids:
        raise AirflowException("`DagRun.find` needs a `dag_id`: a task reads the runs of DAGs that it names")
    dates = logical_date if logical_date is not None else execution_date
    types = _texts(run_type)
    if types is None and external_trigger is not None:
        types = tuple(str(kind) for kind in RunType if (kind not in _SCHEDULED) == external_trigger)
    start, end = logical_start_date or execution_start_date, logical_end_date or execution_end_date
    runs = _ask(
        FindRuns(
            dag_ids=dag_ids,
            run_ids=_texts(run_id),
            logical_dates=_dates(dates),
            states=_texts(state),
            run_types=types,
            date_from=_utc(start) if start is not None else None,
            date_to=_utc(end) if end is not None else None,
            limit=RUNS_MAX,
        )
    )
    return [run for run in runs if not (no_backfills and run.run_type == RunType.BACKFILL)]


def get_run(session: Any = None, dag_id: str = "", execution_date: Any = None, **more: Any) -> Any:
    """Return the run of a DAG with a logical date, or None."""
    del session
    date = more.get("logical_date") or execution_date
    found = find_runs(dag_id=dag_id, execution_date=date)
    return found[0] if found else None


def latest_runs(session: Any = None, dag_ids: Iterable[str] = ()) -> list[DagRunView]:
    """Return the newest run by logical date of each DAG that is named."""
    del session
    newest: dict[str, DagRunView] = {}
    for dag_id in dag_ids:
        for run in find_runs(dag_id=dag_id):
            if run.logical_date is not None:
                newest[dag_id] = run
    return list(newest.values())


def generate_run_id(
    run_type: Any,
    execution_date: datetime | None = None,
    *,
    logical_date: datetime | None = None,
    run_after: datetime | None = None,
    suffix: str = "",
) -> str:
    """Return the id that a run of this type and date would get."""
    date = logical_date or execution_date or run_after
    if date is None:
        raise ValueError("a run id is made of a `logical_date` or of `run_after`")
    kind = str(getattr(run_type, "value", run_type))
    return run_id_of(kind, semantics="airflow2", run_after=_utc(date), logical_date=_utc(date), suffix=suffix)


@dataclass(frozen=True)
class DagView:
    """What a task may know of another DAG."""

    dag_id: str
    is_paused: bool
    task_ids: tuple[str, ...]


def find_dag(dag_id: str) -> DagView:
    """Return what is known of a DAG. Raises `DagNotFound`."""
    answer = bridge.current_bridge(purpose="`ti.get_dag()`").call(FindDag(dag_id=dag_id))
    if not isinstance(answer, DagAnswer) or not answer.is_known:
        raise DagNotFound(f"DAG `{dag_id}` does not exist")
    return DagView(dag_id, answer.is_paused, answer.task_ids)


def _ask(call: FindRuns) -> list[DagRunView]:
    answer = bridge.current_bridge(purpose="`DagRun.find`").call(call)
    if not isinstance(answer, RunsAnswer):
        raise AirflowException(f"runs cannot be read: {answer}")
    return [DagRunView(run) for run in answer.runs]


def _texts(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    many = [value] if isinstance(value, str) else list(value)
    return tuple(str(getattr(one, "value", one)) for one in many)


def _dates(value: Any) -> tuple[datetime, ...] | None:
    if value is None:
        return None
    return tuple(_utc(date) for date in ([value] if isinstance(value, datetime) else value))


def _utc(date: datetime) -> datetime:
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    moved = aware.astimezone(UTC)
    return datetime(
        moved.year, moved.month, moved.day, moved.hour, moved.minute, moved.second, moved.microsecond, UTC
    )
