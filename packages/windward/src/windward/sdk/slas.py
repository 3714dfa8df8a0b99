"""Telling of missed SLAs, as Airflow 2 does: the DAG's `sla_miss_callback`, and a mail to the late tasks' addresses."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime
from typing import Any

from windward.protocol.work import CallbackContext
from windward.sdk.dag_run import DagRunView, TaskInstanceView
from windward.sdk.mail import addresses, send_email
from windward.sdk.times import at_users_edge


class SlaMissView:
    """An item of `slas`: the task, its run's date, and when it was found late."""

    email_sent = False
    notification_sent = False
    description: str | None = None

    def __init__(self, dag_id: str, task_id: str, logical_date: datetime, timestamp: datetime) -> None:
        self.dag_id = dag_id
        self.task_id = task_id
        self.logical_date: Any = at_users_edge(logical_date)
        self.timestamp: Any = at_users_edge(timestamp)

    @property
    def execution_date(self) -> Any:
        """The logical date by its old name."""
        return self.logical_date

    def __repr__(self) -> str:
        return f"<SlaMiss: {self.dag_id}.{self.task_id} {self.logical_date.isoformat()}>"


def tell(
    dag: Any, work: CallbackContext, *, log: Callable[[str, BaseException], None]
) -> BaseException | None:
    """Call the callbacks with `(dag, task_list, blocking_task_list, slas, blocking_tis)` and send the mail.

    `log` is told what raised; the first of it is returned.
    """
    report = work.slas
    if report is None or not report.misses:
        return None
    run = DagRunView(work.run, dag)
    slas = [
        SlaMissView(work.dag_id, miss.task_id, miss.logical_date, miss.missed_at) for miss in report.misses
    ]
    blocking = [TaskInstanceView(run, late.task_id, late.map_index, late.state) for late in report.blocking]
    date = slas[0].logical_date.isoformat()
    task_list = "\n".join(f"{sla.task_id} on {date}" for sla in slas)
    blocking_list = "\n".join(f"{ti.task_id} on {date}" for ti in blocking)
    first: BaseException | None = None
    for callback in dag.sla_miss_callback:
        try:
            callback(dag, task_list, blocking_list, slas, blocking)
        except BaseException as error:  # noqa: BLE001 - user code may raise anything; it changes no state
            log("callback failed", error)
            first = first or error
    try:
        mail(dag, slas, task_list, blocking_list)
    except BaseException as error:  # noqa: BLE001 - a mail server may fail in any way; it changes no state
        log("mail could not be sent", error)
        first = first or error
    return first


def mail(dag: Any, slas: list[SlaMissView], task_list: str, blocking_list: str) -> list[str]:
    """Send a mail to the addresses of the late tasks, and return these."""
    tasks = [dag.task_dict[sla.task_id] for sla in slas if sla.task_id in dag.task_dict]
    receivers = sorted({address for task in tasks for address in addresses(getattr(task, "email", None))})
    if receivers:
        send_email(
            receivers,
            f"[airflow] SLA miss on DAG={dag.dag_id}",
            "Here's a list of tasks that missed their SLAs:\n"
            f"<pre><code>{html.escape(task_list)}\n</code></pre>\n"
            f"Blocking tasks:\n<pre><code>{html.escape(blocking_list)}</code></pre>",
        )
    return receivers
