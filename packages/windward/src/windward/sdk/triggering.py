"""Asking for a run of another DAG from a task, and waiting for its end.

What lives here: what `TriggerDagRunOperator` and a raised `DagRunTriggerException` share. What may not: whether a run
is made, which the execution service decides.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NoReturn
from urllib.parse import quote

from windward.errors import UserError
from windward.model.states import Semantics
from windward.protocol.calls import GetRun, Refused, RunAnswer, TriggerRun
from windward.protocol.work import RunContext
from windward.sdk import bridge
from windward.sdk.exceptions import (
    AirflowException,
    AirflowSkipException,
    DagNotFound,
    DagRunAlreadyExists,
    ParamValidationError,
)
from windward.sdk.unset import NOTSET

POLL_S_MIN = 0.1
XCOM_RUN_ID = "trigger_run_id"
XCOM_LINK = "_link_TriggerDagRunLink"


class DagIsPaused(AirflowException):
    """The DAG to trigger is paused, and the task wants that to be an error."""

    def __init__(self, dag_id: str) -> None:
        super().__init__(dag_id)
        self.dag_id = dag_id

    def __str__(self) -> str:
        return f"Dag {self.dag_id} is paused\n\nhint: Run `windward dags unpause {self.dag_id}`."


class TriggeredRunError(AirflowException):
    """The triggered run ended in a state that the task counts as a failure, or is gone."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """The run that a task wants. `logical_date` NOTSET: the present; None: none at all (the present in Airflow 2)."""

    dag_id: str
    run_id: str | None = None
    conf: dict[str, Any] = field(default_factory=dict)
    logical_date: Any = NOTSET
    run_after: datetime | None = None
    note: str | None = None
    reset: bool = False
    skip_when_already_exists: bool = False
    fail_when_paused: bool = False
    waits: bool = False
    allowed_states: tuple[str, ...] = ("success",)
    failed_states: tuple[str, ...] = ("failed",)
    poke_interval_s: float = 60.0


def ask_for_run(request: RunRequest, ti: Any) -> RunContext:
    """Create the run and push its id as the XCom `trigger_run_id`. Raises what the task ends by.

    A later attempt of the same task gets the run of the one before, unless it waited for that run and it failed.
    """
    work = ti.work
    place = ti.runs_triggered
    ti.runs_triggered = place + 1
    has_date = isinstance(request.logical_date, datetime)
    answer = bridge.current_bridge(purpose="triggering a run of another DAG").call(
        TriggerRun(
            dag_id=request.dag_id,
            run_id=request.run_id,
            logical_date=_aware(request.logical_date) if has_date else None,
            has_no_date=request.logical_date is None and work.semantics is not Semantics.AIRFLOW2,
            run_after=_aware(request.run_after) if request.run_after is not None else None,
            conf=request.conf,
            note=request.note,
            reset=request.reset,
            needs_unpaused=request.fail_when_paused,
            since=work.first_start_date or work.start_date,
            place=place,
            again_after=request.failed_states if request.waits else (),
        )
    )
    match answer:
        case RunAnswer(run=run) if run is not None:
            ti.xcom_push(key=XCOM_RUN_ID, value=run.run_id)
            ti.xcom_push(key=XCOM_LINK, value=run_url(ti.base_url, run.dag_id, run.run_id))
            return run
        case Refused():
            _raise(answer, request)
    raise AirflowException(f"no run of DAG `{request.dag_id}` was created: {answer}")


def wait_for_run(
    run: RunContext,
    request: RunRequest,
    *,
    log: logging.Logger,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Look at the run until it is in one of the allowed states, and return that. Raises `TriggeredRunError`."""
    service = bridge.current_bridge(purpose="waiting for a triggered run")
    log.info("Waiting for run %s of DAG %s to be %s", run.run_id, run.dag_id, list(request.allowed_states))
    while True:
        sleep(max(POLL_S_MIN, request.poke_interval_s))
        answer = service.call(GetRun(dag_id=run.dag_id, run_id=run.run_id))
        if not isinstance(answer, RunAnswer) or answer.run is None:
            raise TriggeredRunError(
                f"the triggered run `{run.run_id}` of `{run.dag_id}` does not exist any more"
            )
        if judge(run.dag_id, run.run_id, answer.run.state, request):
            return answer.run.state


def judge(dag_id: str, run_id: str, state: str, request: RunRequest) -> bool:
    """Whether the wait is over. Raises `TriggeredRunError` for a state that counts as a failure."""
    if state in request.failed_states:
        raise TriggeredRunError(f"{dag_id} failed with failed state {state} (run `{run_id}`)")
    return state in request.allowed_states


def run_url(base_url: str, dag_id: str, run_id: str) -> str:
    """Return the address of a run in the web interface."""
    return f"{base_url.rstrip('/')}/dags/{quote(dag_id)}/runs/{quote(run_id)}"


def _raise(refused: Refused, request: RunRequest) -> NoReturn:
    match refused.code:
        case "conflict" if request.skip_when_already_exists:
            raise AirflowSkipException(
                "Skipping due to skip_when_already_exists is set to True and DagRunAlreadyExists"
            )
        case "conflict":
            error = DagRunAlreadyExists(SimpleNamespace(dag_id=request.dag_id, run_id=request.run_id))
            hint = "`reset_dag_run=True` runs it again, `skip_when_already_exists=True` skips this task."
            error.args = (f"{refused.message}\n\nhint: {hint}",)
            raise error
        case "paused":
            raise DagIsPaused(request.dag_id)
        case "not_found":
            raise DagNotFound(
                f"{refused.message}\n\nhint: `windward dags list` shows all; is its file in the DAG folder, without errors?"
            )
        case "invalid_params":
            raise ParamValidationError(refused.message, hint=refused.hint)
    raise UserError(refused.message, hint=refused.hint or f"Look at the runs of `{request.dag_id}`.")


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
