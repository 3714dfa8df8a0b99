"""Callbacks that need a process of their own: rows of an outbox, handed to workers and granted once per fence.

They are the DAG's, and those of tasks whose processes could not run them; a deadline's reference that an author
wrote is asked in the same way. A callback is `queued`, `started` by one host, and `done` or `failed`. What is
remembered here is which of them are out, and where; a new leader learns it from the rows. A callback whose host is
gone is queued again under a new fence, a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from datetime import datetime, timedelta

import msgspec

from windward.core.actions import MoveCallback
from windward.core.deadlines import Told
from windward.core.paths import callback_log_path, task_callback_log_path
from windward.document import DagDocument
from windward.engine.contexts import run_context
from windward.engine.timers import Timer, Timers
from windward.engine.work import Pass
from windward.model.records import DEADLINE_REFERENCE_KIND, CallbackRecord, RunRecord
from windward.model.slas import SLA_KIND
from windward.model.states import Semantics, TaskState
from windward.model.waits import DeadlineRecord
from windward.ports.executor import Envelope
from windward.ports.store import Store
from windward.protocol.messages import Accepted, AttemptEnded, StartGranted, StartRefused, StartRequest
from windward.protocol.outcomes import Succeeded
from windward.protocol.work import AttemptRef, CallbackContext, LateTask, SlaItem, SlaReport, Submission

CALLBACKS_MAX = 200
TRIES_MAX = 3
STARTED_WITHIN = timedelta(minutes=10)
"""A callback that no worker asked to start within this time is submitted again."""
QUEUED, STARTED, DONE, FAILED = "queued", "started", "done", "failed"


class _Out(msgspec.Struct):
    """A callback that was handed out: its row as last written, and the host that it went to."""

    record: CallbackRecord
    sent_at: datetime
    sent_to: str = ""
    """Empty when a queue decides."""


Tell = Callable[[Pass, Hashable, CallbackRecord, Told], None]


class Callbacks:
    """Callbacks that were handed out, by their row id."""

    def __init__(self, store: Store, timers: Timers, told: Tell) -> None:
        """`told` takes what a deadline's reference said, as a part of the group that writes its end."""
        self._store = store
        self._told = told
        self._timers = timers
        self._out: dict[int, _Out] = {}
        self._has_more = False
        """Whether the outbox held more than was looked at."""

    # -- handing out ---------------------------------------------------------------------

    def take_over(self, work: Pass, hosts: Collection[str]) -> None:
        """Learn what an earlier leader granted; what went to a host that nobody knows is queued again."""
        for callback in self._store.runs.load_open_callbacks(limit=CALLBACKS_MAX):
            if callback.state == STARTED:
                self._out[callback.callback_pk] = _Out(callback, work.now, callback.owner or "")
                if callback.owner not in hosts:
                    self._put_back(work, callback.callback_pk)

    def load(self, now: datetime) -> list[Submission]:
        """Return what to submit: callbacks of the outbox that are not out already."""
        found = []
        callbacks = self._store.runs.load_callbacks(limit=CALLBACKS_MAX)
        self._has_more = len(callbacks) == CALLBACKS_MAX
        for callback in callbacks:
            out = self._out.get(callback.callback_pk)
            is_waiting = out is not None and out.record.fence == callback.fence
            if is_waiting and out is not None and now < out.sent_at + STARTED_WITHIN:
                continue
            submission = self._submission(callback)
            if submission is not None:
                self._out[callback.callback_pk] = _Out(callback, now)
                self._timers.set(now + STARTED_WITHIN, Timer.CALLBACK_LATE, callback.callback_pk)
                found.append(submission)
        return found

    def sent(self, ref: AttemptRef, host_id: str) -> None:
        """Remember the host that a submission went to."""
        out = self._current(ref)
        if out is not None:
            out.sent_to = host_id

    def placed(self, work: Pass, ref: AttemptRef, host_id: str, *, is_known: bool) -> None:
        """A submission that had waited went to a host; put it back when that host is gone already."""
        out = self._current(ref)
        if out is not None and not out.sent_to:
            out.sent_to = host_id
            if not is_known:
                self._put_back(work, out.record.callback_pk)

    def _submission(self, callback: CallbackRecord) -> Submission | None:
        runs = self._store.runs.load_runs([callback.run_pk])
        if not runs:
            return None
        documents = self._store.catalog.load_documents([runs[0].document_hash])
        document = documents.get(runs[0].document_hash)
        if document is None:
            return None
        return Submission(
            ref=AttemptRef(callback.run_pk, "", -1, callback.fence, callback.callback_pk),
            dag_id=callback.dag_id,
            fileloc=document.fileloc,
            code_hash=document.code_hash,
        )

    # -- messages ------------------------------------------------------------------------

    def is_current(self, ref: AttemptRef) -> bool:
        """Whether a host may still have this callback."""
        return self._current(ref) is not None

    def start(self, work: Pass, ref: AttemptRef, host_id: str) -> None:
        """Grant a callback to a host, once; again to the same host, whose answer was lost on the way."""
        out = self._current(ref)
        is_granted = out is not None and out.record.state == STARTED
        if out is None or (is_granted and out.record.owner != host_id):
            work.replies.append((None, host_id, StartRefused(ref=ref, reason="the callback is not waiting")))
            return
        runs = self._store.runs.load_runs([ref.run_pk])
        if not runs:
            work.replies.append((None, host_id, StartRefused(ref=ref, reason="its run was deleted")))
            return
        if not is_granted:
            self._move(work, out, STARTED, owner=host_id, tries=out.record.tries + 1)
        group = ("callback", out.record.callback_pk)
        work.inputs_of[group].append(Envelope(host_id, StartRequest(refs=(ref,))))
        granted = StartGranted(ref=ref, context=self._context(out.record, runs[0]))
        work.replies.append((group, host_id, granted))

    def ended(self, work: Pass, host_id: str, ended: AttemptEnded) -> None:
        """Take the end of a callback; a failing callback changes nothing."""
        out = self._current(ended.ref)
        if out is None or (out.record.state == STARTED and out.record.owner != host_id):
            group = ("callback", ended.ref.callback_pk)
            work.inputs_of[group].append(Envelope(host_id, ended))
            work.replies.append((group, host_id, Accepted(ref=ended.ref, is_stale=True)))
            return
        if ended.ending.owes_callbacks:
            # Its process died on the way, or could not even begin, which counts as a try.
            is_started = out.record.state == STARTED
            self._put_back(work, out.record.callback_pk, tries=None if is_started else out.record.tries + 1)
        elif out.record.state == STARTED:
            del self._out[out.record.callback_pk]
            outcome = ended.ending.outcome
            self._move(work, out, DONE if isinstance(outcome, Succeeded) else FAILED)
            if isinstance(outcome, Succeeded) and out.record.kind == DEADLINE_REFERENCE_KIND:
                group = ("callback", out.record.callback_pk)
                said = Told(outcome.deadline_from, outcome.deadline_interval_s)
                self._told(work, group, out.record, said)
            work.asks_callbacks |= self._has_more
        else:
            self._put_back(work, out.record.callback_pk, tries=out.record.tries + 1)
        group = ("callback", ended.ref.callback_pk)
        work.inputs_of[group].append(Envelope(host_id, ended))
        work.replies.append((group, host_id, Accepted(ref=ended.ref)))

    def _context(self, callback: CallbackRecord, run: RunRecord) -> CallbackContext:
        document = self._store.catalog.load_documents([run.document_hash]).get(run.document_hash)
        key = callback.task
        record = None
        if key is not None:
            tasks = self._store.runs.load_tasks([run.run_pk])
            record = next((task for task in tasks if task.key == key), None)
        deadline = self._deadline(callback)
        return CallbackContext(
            run=run_context(run),
            dag_id=run.dag_id,
            kind=callback.kind,
            reason=callback.reason,
            semantics=document.semantics if document else Semantics.AIRFLOW3,
            timezone=document.timezone if document else "UTC",
            task_id=key.task_id if key is not None else None,
            map_index=key.map_index if key is not None else -1,
            try_number=callback.try_number or (record.try_number if record is not None else 0),
            max_tries=record.max_tries if record is not None else 0,
            task_start_date=record.first_start_date if record is not None else None,
            deadline_number=callback.deadline_number,
            deadline_name=deadline.name if deadline is not None else None,
            deadline_due_at=deadline.due_at if deadline is not None else None,
            log_path=_log_path(callback, run),
            slas=self._slas(callback, document) if callback.kind == SLA_KIND else None,
        )

    def _deadline(self, callback: CallbackRecord) -> DeadlineRecord | None:
        if callback.deadline_number is None:
            return None
        known = self._store.waits.load_deadlines([callback.run_pk])
        return next((one for one in known if one.number == callback.deadline_number), None)

    def _slas(self, callback: CallbackRecord, document: DagDocument | None) -> SlaReport:
        """Return the misses that were found together with the callback's, and what holds the run up."""
        misses = self._store.waits.load_sla_misses([callback.run_pk])
        own = next(
            (miss for miss in misses if callback.task is not None and miss.task_id == callback.task.task_id),
            None,
        )
        known = {task.task_id for task in document.tasks} if document is not None else set()
        return SlaReport(
            misses=tuple(
                SlaItem(task_id=miss.task_id, logical_date=miss.logical_date, missed_at=miss.missed_at)
                for miss in misses
                if own is not None and miss.missed_at == own.missed_at
            ),
            blocking=tuple(
                LateTask(task_id=task.task_id, map_index=task.map_index, state=str(task.state))
                for task in self._store.runs.load_tasks([callback.run_pk])
                if task.task_id in known and task.state is not TaskState.SUCCESS
            ),
        )

    # -- silence -------------------------------------------------------------------------

    def host_says(self, work: Pass, host_id: str, running: Iterable[AttemptRef]) -> None:
        """Put back what a host was given and has not any more: it says hello with all that it has."""
        kept = {ref.callback_pk for ref in running if ref.callback_pk is not None}
        self._put_back_from(work, host_id, kept)

    def host_gone(self, work: Pass, host_id: str) -> None:
        """Put back what a host had started or was only sent."""
        self._put_back_from(work, host_id, set())

    def refused(self, group: tuple[str, int]) -> None:
        """Somebody else wrote the row: forget what was assumed of it."""
        self._out.pop(group[1], None)

    def _put_back_from(self, work: Pass, host_id: str, kept: Collection[int]) -> None:
        for callback_pk, out in list(self._out.items()):
            is_there = host_id in {out.record.owner, out.sent_to}
            if is_there and callback_pk not in kept:
                self._put_back(work, callback_pk)

    def _put_back(self, work: Pass, callback_pk: int, *, tries: int | None = None) -> None:
        """Let it be tried again: under a new fence when a try of it was used up."""
        out = self._out.pop(callback_pk)
        work.asks_callbacks = True
        if out.record.state == STARTED or tries is not None:
            used = out.record.tries if tries is None else tries
            state = FAILED if used >= TRIES_MAX else QUEUED
            self._move(work, out, state, fence=out.record.fence + 1, tries=used)

    def _move(
        self,
        work: Pass,
        out: _Out,
        state: str,
        *,
        fence: int | None = None,
        owner: str | None = None,
        tries: int | None = None,
    ) -> None:
        before = out.record
        after = msgspec.structs.replace(
            before,
            state=state,
            fence=before.fence if fence is None else fence,
            owner=owner,
            tries=before.tries if tries is None else tries,
        )
        action = MoveCallback(
            callback_pk=before.callback_pk,
            expect_fence=before.fence,
            expect_state=before.state,
            fence=after.fence,
            state=after.state,
            at=work.now,
            owner=after.owner,
            tries=after.tries,
        )
        work.add(("callback", before.callback_pk), action)
        out.record = after

    def _current(self, ref: AttemptRef) -> _Out | None:
        out = self._out.get(ref.callback_pk) if ref.callback_pk is not None else None
        return out if out is not None and out.record.fence == ref.fence else None


def _log_path(callback: CallbackRecord, run: RunRecord) -> str:
    if not callback.kind.startswith("task_") or callback.task is None:
        number = callback.deadline_number
        kind = callback.kind if number is None else f"{callback.kind}_{number}"
        return callback_log_path(run.dag_id, run.run_id, kind, callback.tries)
    _, task_id, map_index = callback.task
    return task_callback_log_path(
        run.dag_id,
        run.run_id,
        task_id,
        map_index,
        callback.try_number,
        kind=callback.kind.removeprefix("task_"),
        tries=callback.tries,
    )
