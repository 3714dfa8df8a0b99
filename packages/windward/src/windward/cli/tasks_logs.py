"""`windward tasks logs`: an attempt's log, as far as it is written or until the attempt has ended."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable

from windward.app.files import log_store
from windward.app.session import Session
from windward.cli.lookup import found_document, found_instance, found_run
from windward.cli.tries import no_such_try
from windward.core.paths import log_path
from windward.errors import NotFoundError, UserError
from windward.logs.records import decode_lines
from windward.logs.render import render_lines
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FINISHED
from windward.timetable.zones import zone_named

LOOK_AGAIN_S = 0.2
"""How often a log that is followed, and the state of its attempt, are looked at."""


def logs(args: Namespace, session: Session) -> int:
    """Print the log of an attempt."""
    run = found_run(session, args.dag_id, args.run)
    task = found_instance(session, run, args.task_id, args.map_index)
    tries = args.try_number or max(task.try_number, 1)
    if task.try_number < tries and not args.follow:
        raise no_such_try(task.task_id, run.run_id, had=task.try_number, wanted=tries)
    path = log_path(run.dag_id, run.run_id, task.task_id, task.map_index, tries)
    store = log_store(session.settings)
    show = _printer(session, run, as_json=args.json)
    if args.follow:
        for data in store.follow(path, wait=_until_ended(session, run, task, tries)):
            show(data)
        return 0
    offset = 0
    while True:
        try:
            data, size = store.read(path, offset=offset)
        except NotFoundError:
            raise UserError(
                f"try {tries} of task `{task.task_id}` has no log at `{store.locate(path)}`",
                hint="A task that never began, or that has nothing to run, writes none. "
                "Logs of other machines are where `[logging] base_log_folder` says there.",
            ) from None
        whole = data[: data.rfind(b"\n") + 1] or data
        show(whole)
        offset += len(whole)
        if offset >= size or not data:
            return 0


def _printer(session: Session, run: RunRecord, *, as_json: bool) -> Callable[[bytes], None]:
    if as_json:
        return lambda data: print(data.decode("utf-8", "replace"), end="")
    zone = zone_named(found_document(session, run).timezone)

    def show(data: bytes) -> None:
        for line in render_lines(decode_lines(data), zone=zone):
            print(line)
        sys.stdout.flush()

    return show


def _until_ended(session: Session, run: RunRecord, task: TaskRecord, tries: int) -> Callable[[], bool]:
    """Return a wait that says False once the attempt has ended: another try began, or the instance finished."""

    def wait() -> bool:
        time.sleep(LOOK_AGAIN_S)
        for now in session.store.runs.load_tasks([run.run_pk]):
            if now.key == task.key:
                return now.try_number <= tries and now.state not in FINISHED
        return False

    return wait
