"""Worker hosts of other machines, as an API server serves them: their letters go to the scheduler, their calls are answered here.

The scheduler decides as it does for its own hosts; a start is granted by nobody else. Nothing here knows of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from windward.core.paths import run_log_folder
from windward.engine.contexts import key_of
from windward.engine.service import ExecutionService
from windward.errors import ConflictError, NotFoundError, UnavailableError
from windward.model.records import TaskRecord
from windward.model.states import TaskState
from windward.ports.clock import Clock
from windward.ports.remote import MailItem
from windward.ports.store import Store
from windward.ports.wakeup import Wakeup
from windward.protocol.calls import Answer, Call
from windward.protocol.messages import (
    AttemptEnded,
    FromHost,
    Goodbye,
    Heartbeat,
    Hello,
    StartGranted,
    StartRefused,
    StartRequest,
)
from windward.protocol.outcomes import Ending
from windward.protocol.work import AttemptRef

START_S_MAX = 5.0
"""How long a start waits for the scheduler's word before the host is asked to try again."""
LOG_FOLDERS_MAX = 10_000
NEVER_STARTED = frozenset({TaskState.NONE, TaskState.SCHEDULED, TaskState.QUEUED})
"""States in which no code of the attempt with the instance's fence may be running."""
LOOK_S = 0.01
"""Time between two looks for that word."""


class RemoteDoor:
    """One for all hosts; safe to share between threads."""

    def __init__(
        self,
        store: Store,
        service: ExecutionService,
        wakeup: Wakeup,
        clock: Clock,
        *,
        sleep: Callable[[float], None],
    ) -> None:
        self._store = store
        self._service = service
        self._wakeup = wakeup
        self._clock = clock
        self._sleep = sleep
        self._log_folders: dict[int, str] = {}
        """By run: what never changes need not be asked at each line."""

    def hello(self, hello: Hello) -> None:
        """Tell the scheduler of a host; what was in its mail is of an earlier acquaintance."""
        self._store.remote.delete_mail(hello.host_id)
        self._tell(hello.host_id, hello)

    def beat(self, host_id: str, running: Sequence[AttemptRef]) -> None:
        """Pass a sign of life on."""
        self._tell(host_id, Heartbeat(host_id=host_id, running=tuple(running)))

    def goodbye(self, host_id: str) -> None:
        """Pass on that a host has nothing left and goes."""
        self._tell(host_id, Goodbye(host_id=host_id))

    def mail(self, host_id: str) -> list[MailItem]:
        """Return what a host is told, but for the answers to its starts."""
        return [
            item
            for item in self._store.remote.load_mail(host_id)
            if not isinstance(item.message, StartGranted | StartRefused)
        ]

    def has_read(self, host_id: str, mail_pks: Sequence[int]) -> None:
        """Forget what a host has read."""
        if mail_pks:
            self._store.remote.delete_mail(host_id, mail_pks)

    def start(self, host_id: str, ref: AttemptRef) -> StartGranted:
        """Ask for leave to run an attempt's user code, and wait for the scheduler's word.

        Asking again gives the same answer to the host that holds the grant.

        Raises:
            ConflictError: when it is refused: it was granted to another host, or is not the current attempt.
            UnavailableError: when nobody answers in time; the host may ask again.
        """
        self._tell(host_id, StartRequest(refs=(ref,)))
        until = self._clock.monotonic() + START_S_MAX
        while True:
            for item in self._store.remote.load_mail(host_id):
                match item.message:
                    case StartGranted(ref=granted) if granted == ref:
                        self._store.remote.delete_mail(host_id, [item.mail_pk])
                        return item.message
                    case StartRefused(ref=refused, reason=reason) if refused == ref:
                        self._store.remote.delete_mail(host_id, [item.mail_pk])
                        raise ConflictError(reason)
                    case _:
                        pass
            if self._clock.monotonic() >= until:
                raise UnavailableError("the scheduler has not answered: ask again")
            self._sleep(LOOK_S)

    def end(self, host_id: str, ref: AttemptRef, ending: Ending) -> None:
        """Pass on how an attempt ended. When this returns, the ending is safe."""
        self._tell(host_id, AttemptEnded(ref=ref, ending=ending))

    def answer(self, ref: AttemptRef, call: Call) -> Answer:
        """Answer running user code, as the scheduler does for hosts of its own machine."""
        is_current = ref.callback_pk is not None or self._may_call(ref)
        return self._service.answer(ref, call, now=self._clock.now(), is_current=is_current)

    def _may_call(self, ref: AttemptRef) -> bool:
        """Whether this attempt was started and not superseded; its end may have come with its last call."""
        record = self.find(ref)
        return record is not None and record.state not in NEVER_STARTED

    def log_folder(self, ref: AttemptRef) -> str:
        """Return the folder of the logs of the attempt's run.

        Raises:
            NotFoundError: when the run is gone.
        """
        if (folder := self._log_folders.get(ref.run_pk)) is None:
            runs = self._store.runs.load_runs([ref.run_pk])
            if not runs:
                raise NotFoundError("the run of the attempt was deleted")
            if len(self._log_folders) >= LOG_FOLDERS_MAX:
                self._log_folders.clear()
            folder = self._log_folders[ref.run_pk] = run_log_folder(runs[0].dag_id, runs[0].run_id)
        return folder

    def find(self, ref: AttemptRef) -> TaskRecord | None:
        """Return the instance of an attempt, if this is its current one."""
        found = self._store.runs.find_tasks([key_of(ref)])
        return found[0] if found and found[0].fence == ref.fence else None

    def _tell(self, host_id: str, message: FromHost) -> None:
        self._store.remote.post(host_id, [message])
        self._wakeup.wake()
