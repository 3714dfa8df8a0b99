"""`TriggerDagRunOperator`: starts a run of another DAG, and waits for its end when it is asked to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from windward.model.states import RunState
from windward.sdk import deprecations
from windward.sdk.compat.links import BaseOperatorLink
from windward.sdk.configuration import conf as settings
from windward.sdk.exceptions import AirflowException
from windward.sdk.operator import BaseOperator
from windward.sdk.times import default_zone, parse_date, to_utc
from windward.sdk.triggering import (
    XCOM_LINK,
    XCOM_RUN_ID,
    DagIsPaused,
    RunRequest,
    ask_for_run,
    judge,
    wait_for_run,
)
from windward.sdk.unset import NOTSET, ArgNotSet
from windward.sdk.xcom import XCom

__all__ = ["XCOM_RUN_ID", "DagIsPaused", "TriggerDagRunLink", "TriggerDagRunOperator"]


class TriggerDagRunLink(BaseOperatorLink):
    """Leads from a task instance to the run that it triggered."""

    name = "Triggered DAG"

    @property
    def xcom_key(self) -> str:
        """The XCom key under which the address is kept."""
        return XCOM_LINK

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address, empty before the run was triggered."""
        del operator
        found = XCom.get_value(ti_key=ti_key, key=XCOM_LINK)
        return str(found or "")


class TriggerDagRunOperator(BaseOperator):
    """Start a run of the DAG `trigger_dag_id`.

    A task that is tried again after a crash finds the run that it started before, and starts no second one. Its run
    is started again when the task waited for it and it failed, and when the task is cleared.

    Args:
        trigger_dag_id: the DAG; it may be the task's own.
        trigger_run_id: the id of the run; one is made without it.
        conf: what the run's params and `dag_run.conf` are made of: JSON values.
        logical_date: the run's date, a datetime or text; the present without it.
        run_after: the moment before which the run does not start.
        reset_dag_run: run a run of that id or date again when there is one; its conf stays as it was.
        wait_for_completion: wait for its end, looking every `poke_interval` seconds.
        allowed_states: states of the run with which the wait is over; `success` by default.
        failed_states: states with which the task fails; `failed` by default.
        skip_when_already_exists: skip this task when there is a run of that id or date.
        fail_when_dag_is_paused: fail at once instead of leaving the run queued.
        note: a remark on the run.
        deferrable: wait in the triggerer, without a slot.
    """

    template_fields: Sequence[str] = (
        "trigger_dag_id", "trigger_run_id", "logical_date", "conf", "wait_for_completion",
        "skip_when_already_exists",
    )  # fmt: skip
    template_fields_renderers: ClassVar[dict[str, str]] = {"conf": "py"}
    ui_color = "#ffefeb"
    operator_extra_links: Any = (TriggerDagRunLink(),)

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        trigger_run_id: str | None = None,
        conf: dict[str, Any] | str | None = None,
        logical_date: str | datetime | ArgNotSet | None = NOTSET,
        execution_date: str | datetime | None = None,
        run_after: str | datetime | ArgNotSet | None = NOTSET,
        reset_dag_run: bool = False,
        wait_for_completion: bool = False,
        poke_interval: float = 60,
        allowed_states: list[str] | None = None,
        failed_states: list[str] | None = None,
        skip_when_already_exists: bool = False,
        fail_when_dag_is_paused: bool = False,
        note: str | None = None,
        deferrable: bool | None = None,
        openlineage_inject_parent_info: bool = True,
        **kwargs: Any,
    ) -> None:
        del openlineage_inject_parent_info
        super().__init__(**kwargs)
        if execution_date is not None:
            deprecations.warn("`execution_date` of `TriggerDagRunOperator` is now called `logical_date`")
            logical_date = execution_date
        _check_date(logical_date, "logical_date", self.task_id)
        _check_date(run_after, "run_after", self.task_id)
        self.trigger_dag_id = trigger_dag_id
        self.trigger_run_id = trigger_run_id
        self.conf = conf
        self.logical_date = logical_date
        self.run_after = run_after
        self.reset_dag_run = reset_dag_run
        self.wait_for_completion = wait_for_completion
        self.poke_interval = poke_interval
        self.allowed_states = [RunState(state) for state in allowed_states or [RunState.SUCCESS]]
        self.failed_states = [
            RunState(state) for state in ([RunState.FAILED] if failed_states is None else failed_states)
        ]
        self.skip_when_already_exists = skip_when_already_exists
        self.fail_when_dag_is_paused = fail_when_dag_is_paused
        self.note = note
        if deferrable is None:
            deferrable = settings.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable

    @property
    def execution_date(self) -> Any:
        """`logical_date` by its old name."""
        return None if isinstance(self.logical_date, ArgNotSet) else self.logical_date

    def execute(self, context: Any) -> Any:
        """Start the run; wait for its end when asked to."""
        request = self._request()
        run = ask_for_run(request, context["ti"])
        self.trigger_run_id = run.run_id
        self.log.info("Triggered run %s of DAG %s", run.run_id, run.dag_id)
        if not request.waits:
            return
        if self.deferrable:
            from windward.sdk.triggers.external_task import DagStateTrigger  # only tasks that defer need it

            self.defer(
                trigger=DagStateTrigger(
                    dag_id=run.dag_id,
                    states=[*self.allowed_states, *self.failed_states],
                    run_ids=[run.run_id],
                    poll_interval=self.poke_interval,
                ),
                method_name="execute_complete",
            )
        wait_for_run(run, request, log=self.log)

    def execute_complete(self, context: Any, event: tuple[str, dict[str, Any]]) -> None:
        """Judge the state of the run that the trigger saw."""
        del context
        seen = event[1]
        request = self._request()
        run_ids = seen.get("run_ids") or []
        states = [seen.get(run_id) for run_id in run_ids]
        for run_id, state in zip(run_ids, states, strict=True):
            if not judge(seen["dag_id"], run_id, str(state), request):
                raise AirflowException(
                    f"{seen['dag_id']} return {state} which is not in {request.failed_states} or "
                    f"{request.allowed_states}"
                )
            self.log.info("Run %s of DAG %s is %s", run_id, seen["dag_id"], state)

    def _request(self) -> RunRequest:
        logical_date = self.logical_date
        run_after = (
            None if isinstance(self.run_after, ArgNotSet) else self._moment(self.run_after, "run_after")
        )
        if not isinstance(logical_date, ArgNotSet):
            logical_date = self._moment(logical_date, "logical_date")
        elif run_after is not None:
            logical_date = None
        return RunRequest(
            dag_id=str(self.trigger_dag_id),
            run_id=str(self.trigger_run_id) if self.trigger_run_id else None,
            conf=self._plain_conf(),
            logical_date=logical_date,
            run_after=run_after,
            note=self.note,
            reset=bool(self.reset_dag_run),
            skip_when_already_exists=_truth(self.skip_when_already_exists),
            fail_when_paused=bool(self.fail_when_dag_is_paused),
            waits=_truth(self.wait_for_completion),
            allowed_states=tuple(str(state) for state in self.allowed_states),
            failed_states=tuple(str(state) for state in self.failed_states),
            poke_interval_s=float(self.poke_interval),
        )

    def _moment(self, value: Any, name: str) -> datetime | None:
        moment = parse_date(value or None, what=f"`{name}` of task `{self.task_id}`")
        return to_utc(moment, default_zone("UTC")) if moment is not None else None

    def _plain_conf(self) -> dict[str, Any]:
        conf = self.conf
        try:
            if isinstance(conf, str):
                conf = json.loads(conf) if conf.strip() else {}
            found: dict[str, Any] = json.loads(json.dumps(conf or {}))
        except (TypeError, ValueError) as error:
            raise ValueError(f"conf parameter should be JSON Serializable: {self.conf}") from error
        return found


def _check_date(value: Any, name: str, task_id: str) -> None:
    if (
        value is not None
        and not isinstance(value, str | datetime | ArgNotSet)
        and not hasattr(value, "resolve")
    ):
        raise TypeError(
            f"Expected str, datetime.datetime, or None for parameter '{name}' of task `{task_id}`. "
            f"Got {type(value).__name__}"
        )


def _truth(value: Any) -> bool:
    """A flag may have been rendered to text."""
    return value.strip().lower() in {"true", "1", "yes", "t"} if isinstance(value, str) else bool(value)
