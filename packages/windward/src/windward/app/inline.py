"""A worker in the scheduler's own process and thread: `dag.test()` and `windward dags test` run on it.

It is a mailbox and an executor to the production scheduler, and stands for the one worker host that there is.
Waiting for messages means running the attempt that was granted last.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from windward.app.inline_triggers import HELLO as TRIGGERER_HELLO
from windward.app.inline_triggers import HOST_ID as TRIGGERER_ID
from windward.app.inline_triggers import InlineTriggers
from windward.engine.service import ExecutionService
from windward.logs.writer import LogWriter, capture
from windward.ports.clock import Clock
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.calls import Answer, Call
from windward.protocol.messages import AttemptEnded, Heartbeat, Hello, StartGranted, StartRequest, ToHost
from windward.protocol.outcomes import Ending, ExitFact, Succeeded
from windward.protocol.work import AttemptRef, CallbackContext, Submission, TaskContext
from windward.runner import attempt, dag_callbacks
from windward.sdk.bridge import LargeValues, use_bridge
from windward.sdk.masking import MASKER

HOST_ID = "inline"
_LOG_LEVEL = 20


class InlineBridge:
    """What user code may reach: the execution service, called as a function."""

    large_values: LargeValues | None = None

    def __init__(self, service: ExecutionService, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self.ref = AttemptRef(0, "", -1, 0)
        """The attempt that is running."""

    def call(self, call: Call) -> Answer:
        """Carry out a request of user code."""
        return self._service.answer(self.ref, call, now=self._clock.now(), is_current=True)

    def mask(self, values: Sequence[str]) -> None:
        """Do nothing: the masker of this process knows them already."""


class InlineWorker:
    """Implements `Mailbox` and `Executor` of `windward.ports.executor`: one attempt at a time, here and now.

    Args:
        dags: the DAGs by id.
        bridge: what user code may reach.
        logs: folder of the attempts' logs.
        captures: whether what tasks print goes to their logs; else it goes where it always goes.
        skips: pattern of the ids of tasks that count as successful and are not run.
        on_start: called before an attempt runs.
    """

    name = "inline"

    def __init__(
        self,
        dags: Mapping[str, Any],
        bridge: InlineBridge,
        *,
        logs: Path,
        captures: bool,
        skips: re.Pattern[str] | None = None,
        on_start: Callable[[AttemptRef], None] = lambda _ref: None,
    ) -> None:
        self._dags = dags
        self._bridge = bridge
        self._logs = logs
        self._captures = captures
        self._skips = skips
        self._on_start = on_start
        self._granted: deque[StartGranted] = deque()
        self.waits_in_vain = 0
        """Waits in a row in which nothing came."""
        hello = Hello(host_id=HOST_ID, hostname="here", pid=0, capacity=1)
        self._triggers = InlineTriggers(logs, bridge)
        self._events: list[Envelope | HostGone | Woken] = [
            Envelope(HOST_ID, hello),
            Envelope(TRIGGERER_ID, TRIGGERER_HELLO),
            Woken(),
        ]

    # The mailbox.

    def wait(self, timeout_s: float) -> list[Envelope | HostGone | Woken]:
        """Run the next granted attempt, if there is one; sleep only when nothing can be done."""
        if not self._events and self._granted:
            granted = self._granted.popleft()
            ending = self.run(granted)
            # The host was silent while its only thread worked; it says first that it lives.
            self._events.append(Envelope(HOST_ID, Heartbeat(host_id=HOST_ID, running=(granted.ref,))))
            self._events.append(Envelope(HOST_ID, AttemptEnded(ref=granted.ref, ending=ending)))
        if self._triggers.is_waiting:
            self._events += self._triggers.heard(0.0 if self._events else timeout_s)
        if self._events:
            self.waits_in_vain = 0
        elif timeout_s > 0:
            self.waits_in_vain += 1
            time.sleep(timeout_s)
            self._events.append(Envelope(HOST_ID, Heartbeat(host_id=HOST_ID)))
        events, self._events = self._events, []
        return events

    def send(self, host_id: str, message: ToHost) -> None:
        """Take a grant; nothing else concerns a host that has one attempt at a time."""
        if host_id == TRIGGERER_ID:
            self._triggers.take(message)
            return
        assert host_id == HOST_ID, "there is one host"
        if isinstance(message, StartGranted):
            self._granted.append(message)

    def close(self) -> None:
        """Stop what still waits."""
        self._triggers.close()

    # The executor.

    def capacity(self) -> int:
        """Return 1."""
        return 1

    def submit(self, work: Sequence[Submission]) -> list[str]:
        """Ask for the start of each."""
        refs = tuple(submission.ref for submission in work)
        self._events.append(Envelope(HOST_ID, StartRequest(refs=refs)))
        return [HOST_ID] * len(work)

    def placed(self) -> list[tuple[AttemptRef, str]]:
        """Return nothing: the one host is always there."""
        return []

    def avoid(self, host_ids: Collection[str]) -> None:
        """Avoid nobody: there is one host, and nobody else can drain it."""

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        """Forget what was granted and has not begun; nothing else can be running now."""
        del reason
        self._granted = deque(granted for granted in self._granted if granted.ref not in refs)

    # Running.

    def run(self, granted: StartGranted) -> Ending:
        """Run an attempt; raise `KeyboardInterrupt` when a person stopped it."""
        context = granted.context
        if isinstance(context, TaskContext) and self._skips and self._skips.fullmatch(context.task_id):
            fact = ExitFact(kind="ok", message="marked as successful, not run")
            return Ending(outcome=Succeeded(), exit=fact, at=datetime.now(UTC))
        self._on_start(granted.ref)
        self._bridge.ref = granted.ref
        log = LogWriter.open(str(self._logs / context.log_path), MASKER)
        alarm = signal.getsignal(signal.SIGALRM)
        try:
            with (
                use_bridge(self._bridge),
                capture(log, level=_LOG_LEVEL) if self._captures else nullcontext(),
            ):
                ending = self._perform(context, log)
        finally:
            log.close()
        assert signal.getsignal(signal.SIGALRM) == alarm, "an attempt leaves signals as they were"
        if ending.exit.error_type == "KeyboardInterrupt":
            raise KeyboardInterrupt
        return ending

    def _perform(self, context: TaskContext | CallbackContext, log: LogWriter) -> Ending:
        is_main = threading.current_thread() is threading.main_thread()
        runtime = attempt.Runtime(bridge=self._bridge, log=log, uses_signals=is_main)
        match context:
            case TaskContext():
                return attempt.run_reported(self._dags, context, runtime)
            case CallbackContext():
                return dag_callbacks.run_reported(self._dags, context, runtime)
