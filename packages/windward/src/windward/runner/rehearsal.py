"""A few attempts of a task that does nothing, run in the host before it makes templates.

The interpreter specialises code while it runs, and much else is made on first use. What was rehearsed before the
fork is shared by all children; what is not costs each of them time and copied pages.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windward.model.states import RunType, Semantics
from windward.protocol.child import FromChild, Start
from windward.protocol.framing import FrameReader, frame
from windward.protocol.work import AttemptRef, RunContext, TaskContext
from windward.runner.child import Prepared, run_start, take_descriptors, take_signals
from windward.runner.importing import LoadedFile
from windward.runner.options import HostOptions
from windward.runner.pool import FileKey
from windward.sdk import state_backend
from windward.sdk.bridge import set_bridge
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator
from windward.sdk.operators.python import PythonOperator

ROUNDS = 32
"""Enough for the interpreter to specialise what a short task runs."""
WARM_UPS = 2
"""The first fills the cache; the second finds what the first has pushed out."""
_AT = datetime(2026, 1, 1, tzinfo=UTC)


class _Rehearsed(BaseOperator):
    """Prints, logs, and returns a value."""

    template_fields: Sequence[str] = ("text",)

    def __init__(self, *, text: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text

    def execute(self, context: Any) -> Any:
        """Do a little of what tasks do."""
        print(self.text)  # noqa: T201 - ends in the null device
        logging.getLogger("airflow.task").info("rehearsed %s", context["run_id"])
        return 1


def _nothing() -> None:
    pass


def rehearse() -> None:
    """Run the attempts in a host; nothing of them stays but what they warmed."""
    _run(["nothing", "task"] * (ROUNDS // 2))


def warm_up() -> None:
    """Run a few more in a template: what its host did since has taken places in the interpreter's cache of attributes.

    Before a file is imported: the deployment's own code, which a file brings along, must not hear of rehearsals.
    """
    _run(["nothing"] * WARM_UPS)


def _run(task_ids: Sequence[str]) -> None:
    dag = DAG("rehearsal", schedule=None, start_date=_AT)
    _Rehearsed(task_id="task", text="text", dag=dag)
    PythonOperator(task_id="nothing", python_callable=_nothing, dag=dag)
    ours, theirs = socket.socketpair()
    prepared = Prepared(
        FileKey(fileloc="", code_hash=""),
        LoadedFile(dags={"rehearsal": dag}, is_from_snapshot=False),
        HostOptions(socket_path=Path(), dags_folder=Path(), log_folder=Path()),
        descriptor=theirs.fileno(),
    )
    prepared.channel.begin()
    reader = FrameReader[FromChild](FromChild)
    with state_backend.set_aside(), _put_back():
        for task_id in task_ids:
            _rehearse_descriptors()
            take_signals()
            ours.sendall(frame(_start(task_id)))
            start = prepared.channel.next_start()
            prepared.channel.say_began()
            run_start(start, prepared, is_last=True)
            reader.feed(ours.recv(65_536))
    prepared.capture.end()
    set_bridge(None)
    ours.close()
    theirs.close()


@contextmanager
def _put_back() -> Iterator[None]:
    """Leave signals, environment and the collector as they were: an attempt in a process of its own does not."""
    handlers = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
    }
    wakeup = signal.set_wakeup_fd(-1)
    environment, thresholds, was_enabled = dict(os.environ), gc.get_threshold(), gc.isenabled()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        gc.set_threshold(*thresholds)
        if not was_enabled:
            gc.disable()


def _rehearse_descriptors() -> None:
    channel, output, other, *into = (os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC) for _ in range(6))
    take_descriptors(channel, output, (other,), into=(into[0], into[1], into[2]))
    for descriptor in into:
        os.close(descriptor)


def _start(task_id: str) -> Start:
    run = RunContext(
        run_pk=0,
        dag_id="rehearsal",
        run_id="rehearsal",
        run_type=RunType.MANUAL,
        run_after=_AT,
        logical_date=_AT,
        data_interval_start=_AT,
        data_interval_end=_AT,
        start_date=_AT,
    )
    context = TaskContext(
        run=run,
        dag_id="rehearsal",
        task_id=task_id,
        map_index=-1,
        try_number=1,
        max_tries=0,
        start_date=_AT,
        semantics=Semantics.AIRFLOW3,
        queued_at=_AT,
    )
    ref = AttemptRef(run_pk=0, task_id=task_id, map_index=-1, fence=1)
    return Start(ref=ref, context=context, log_file=os.devnull, not_after_s=0.0)
