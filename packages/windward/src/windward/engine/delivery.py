"""The last part of a pass: workers and triggerers are told, and only what was written is told."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from windward.engine.cache import Cache
from windward.engine.callbacks import Callbacks
from windward.engine.contexts import key_of, ref_of, submission_of, task_context
from windward.engine.service import ExecutionService
from windward.engine.triggerers import Triggerers
from windward.engine.work import Pass
from windward.engine.workers import Workers
from windward.model.ids import TaskKey
from windward.model.states import TaskState
from windward.ports.executor import Executor, Mailbox
from windward.protocol.messages import CallAnswer, StartGranted
from windward.protocol.work import AttemptRef


class Delivery:
    """Grants, acknowledgements, new attempts, triggers, cancellations and answers of one pass."""

    def __init__(
        self,
        cache: Cache,
        workers: Workers,
        triggerers: Triggerers,
        callbacks: Callbacks,
        service: ExecutionService,
        *,
        mailbox: Mailbox,
        executor: Executor,
    ) -> None:
        self._cache = cache
        self._workers = workers
        self._triggerers = triggerers
        self._callbacks = callbacks
        self._service = service
        self._mailbox = mailbox
        self._executor = executor
        self._unsent: list[TaskKey] = []
        """Queued attempts that wait for the first worker to come."""
        self.asks_callbacks = False
        """Whether the outbox of callbacks is to be looked at when a worker is there."""

    def take_up(self, work: Pass) -> None:
        """Put what waited for a worker into the pass, if there is one now."""
        if (self._unsent or self.asks_callbacks) and self._executor.capacity() > 0:
            work.submissions.extend(self._unsent)
            work.asks_callbacks |= self.asks_callbacks
            self._unsent, self.asks_callbacks = [], False

    def deliver(self, work: Pass, refused: frozenset[Hashable], *, loading: Collection[int]) -> None:
        """Tell what the pass has to tell. `refused` are groups that were not written, `loading` runs to be read again."""
        resumptions = self._triggerers.resumptions([key for key, _, _ in work.grants])
        for key, host_id, ref in work.grants:
            found = self._cache.find(key)
            if key.run_pk in refused or found is None or found[1].state is not TaskState.RUNNING:
                continue
            context = task_context(*found, resumptions.get(key), self._service.reschedules(found[1]))
            granted = StartGranted(ref=ref, context=context)
            self._mailbox.send(host_id, granted)
        for group, host_id, message in work.replies:
            if group is None or group not in refused:
                self._mailbox.send(host_id, message)
        self._submit(work, refused)
        self._triggerers.holdings.deliver(work.now, loading=loading, send=self._mailbox.send)
        if work.cancels:
            self._cancel(work.cancels)
        self._answer(work)

    def _answer(self, work: Pass) -> None:
        """Answer what user code asked. Of a run that is over, or is to be read again, the store knows more than the cache."""
        for host_id, call in work.calls:
            is_current = (
                self._workers.may_call(call.ref)
                or self._triggerers.is_current(call.ref)
                or self._service.was_last(call.ref)
            )
            answer = self._service.answer(call.ref, call.call, now=work.now, is_current=is_current)
            self._mailbox.send(host_id, CallAnswer(ref=call.ref, call_id=call.call_id, answer=answer))

    def _submit(self, work: Pass, refused: frozenset[Hashable]) -> None:
        submissions = []
        for key in dict.fromkeys(work.submissions):
            found = self._cache.find(key)
            if key.run_pk in refused or found is None or found[1].state is not TaskState.QUEUED:
                continue
            if ref_of(found[1]) not in self._workers.sent:
                submissions.append(submission_of(*found))
        if self._executor.capacity() <= 0:
            self._unsent.extend(key_of(submission.ref) for submission in submissions)
            self.asks_callbacks |= work.asks_callbacks
            return
        if work.asks_callbacks:
            submissions.extend(self._callbacks.load(work.now))
        if not submissions:
            return
        for submission, host_id in zip(submissions, self._executor.submit(submissions), strict=True):
            if submission.ref.callback_pk is None:
                self._workers.sent[submission.ref] = host_id
            else:
                self._callbacks.sent(submission.ref, host_id)

    def _cancel(self, cancels: list[tuple[AttemptRef, str]]) -> None:
        by_reason: dict[str, list[AttemptRef]] = {}
        for ref, reason in cancels:
            by_reason.setdefault(reason, []).append(ref)
        for reason, refs in by_reason.items():
            self._executor.cancel(refs, reason=reason)
