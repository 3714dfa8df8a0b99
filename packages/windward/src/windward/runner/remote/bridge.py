"""The bridge: a socket for the host on one side, requests to an API server on the other."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from windward.client.http import NotAdmittedError, RefusedError
from windward.errors import ConflictError, NotFoundError, UnavailableError, WindwardError
from windward.ports.files import CodeStore
from windward.protocol.calls import Refused
from windward.protocol.framing import FrameError, FrameReader, frame
from windward.protocol.messages import (
    Accepted,
    AttemptEnded,
    Beat,
    CallAnswer,
    ChildCall,
    FromHost,
    Goodbye,
    Heartbeat,
    Hello,
    StartRefused,
    StartRequest,
    Submit,
    ToHost,
    Welcome,
)
from windward.protocol.triggers import TriggerFired
from windward.protocol.work import AttemptRef, Submission
from windward.runner.remote.api import ExecutionApi, Mailed
from windward.runner.remote.logs import LogShipping

T = TypeVar("T")
log = logging.getLogger("windward.runner.remote")
CARRIERS_MAX = 16
"""Starts under way at once, and as many other requests."""
RETRY_FIRST_S = 0.1
RETRY_MAX_S = 5.0
CALL_TRIES_MAX = 5
OVER_MAX = 1000
"""Attempts that are over and whose tokens are kept; a token lives for ten minutes, and so may callbacks."""
LAST_LOGS_S = 10.0
"""Time for the last lines of logs when the worker stops."""
READ_BYTES = 64 * 1024


class Bridge:
    """Serves one host at a time, on a socket that is open already, until `stop` or until the host says goodbye."""

    def __init__(
        self,
        listener: socket.socket,
        api: ExecutionApi,
        code: CodeStore,
        *,
        log_folder: Path,
        logs_done: int,
    ) -> None:
        """`logs_done` is a descriptor from which the paths of complete logs can be read, a line each."""
        self._listener = listener
        self._api = api
        self._code = code
        self._logs = LogShipping(api, log_folder, done=logs_done)
        self._carriers = ThreadPoolExecutor(CARRIERS_MAX, thread_name_prefix="windward-carry")
        # A start waits for the scheduler, all else for the API server alone: it may not stand behind starts.
        self._starters = ThreadPoolExecutor(CARRIERS_MAX, thread_name_prefix="windward-start")
        self._stopped = threading.Event()
        self._has_host_ended = False
        self._sending = threading.Lock()
        self._host: socket.socket | None = None
        self._host_id = ""
        self._turned_away: WindwardError | None = None
        self._tokens: dict[AttemptRef, str] = {}
        self._over: OrderedDict[AttemptRef, str] = OrderedDict()
        """The last tokens of attempts that are over, for what their callbacks ask."""
        self._mail = threading.Thread(target=self._fetch_mail, name="windward-mail", daemon=True)
        self._shipping = threading.Thread(target=self._logs.run, name="windward-logs", daemon=True)

    def run(self) -> None:
        """Serve. Raises `NotAdmittedError` or `RefusedError` when the server does not take the worker."""
        self._shipping.start()
        try:
            while not self._stopped.is_set():
                try:
                    connection, _ = self._listener.accept()
                except OSError:
                    break
                self._serve(connection)
        finally:
            self.stop()
            for pool in (self._starters, self._carriers):
                pool.shutdown(wait=True, cancel_futures=True)
            self._logs.stop()
            self._shipping.join(LAST_LOGS_S)
            self._listener.close()
        if self._turned_away is not None:
            raise self._turned_away

    def stop(self) -> None:
        """End `run`. May be called by a signal handler's thread."""
        self._finish(has_host_ended=False)

    def stop_after_host(self) -> None:
        """End `run` once the last words of a host that has ended are taken: its goodbye is one of them."""
        self._finish(has_host_ended=True)

    def _finish(self, *, has_host_ended: bool) -> None:
        self._has_host_ended |= has_host_ended
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts; a mere close does not

    # The host's side.

    def _serve(self, connection: socket.socket) -> None:
        self._host, frames = connection, FrameReader[FromHost](FromHost)
        with connection:
            while not self._stopped.is_set() or self._has_host_ended:
                try:
                    data = connection.recv(READ_BYTES)
                    messages = frames.feed(data) if data else []
                except (OSError, FrameError) as error:
                    log.warning("the host cannot be read", extra={"error": str(error)})
                    break
                if not data:
                    break
                for message in messages:
                    self._take(message)
        self._host = None

    def _say(self, message: ToHost) -> None:
        host = self._host
        if host is None:
            return
        with self._sending:
            try:
                host.sendall(frame(message))
            except OSError as error:
                log.debug("the host does not hear", extra={"error": str(error)})

    def _take(self, message: FromHost) -> None:
        match message:
            case Hello():
                self._greet(message)
            case Heartbeat():
                self._carry(lambda: self._beat(message))
            case StartRequest(refs=refs):
                for ref in refs:
                    self._carry(lambda ref=ref: self._start(ref), by=self._starters)  # type: ignore[misc]
            case AttemptEnded():
                self._carry(lambda: self._end(message))
            case ChildCall():
                self._carry(lambda: self._call(message))
            case Goodbye(host_id=host_id):
                self._try(lambda: self._api.goodbye(host_id))
                self.stop()
            case TriggerFired():
                raise AssertionError("a worker host has no triggers")

    def _carry(self, work: Callable[[], None], *, by: ThreadPoolExecutor | None = None) -> None:
        def guarded() -> None:
            try:
                work()
            except WindwardError as error:
                log.warning("not carried", extra={"error": str(error)})
            except Exception:
                log.exception("not carried")

        if not self._stopped.is_set():
            (by or self._carriers).submit(guarded)

    # What the host says.

    def _greet(self, hello: Hello) -> None:
        """Say hello until it is taken; only then does the host hear that it is welcome."""
        try:
            welcomed = self._insist(lambda: self._api.hello(hello))
        except (NotAdmittedError, RefusedError) as error:
            self._turned_away = error
            self.stop()
            return
        if welcomed is None:
            return
        self._host_id = hello.host_id
        self._say(Welcome(lease_s=welcomed.lease_s))
        if not self._mail.is_alive():
            self._mail.start()

    def _beat(self, message: Heartbeat) -> None:
        """Pass a sign of life on; what the server does not take is not answered, and the lease runs out."""
        held = [ref for ref in message.running if ref in self._tokens]
        beaten = self._api.beat(message.host_id, list(message.running), [self._tokens[ref] for ref in held])
        for ref, token in zip(held, beaten.renewed, strict=True):
            if token is not None and ref in self._tokens:
                self._tokens[ref] = token
                self._logs.renew(ref, token)
        self._say(Beat())

    def _start(self, ref: AttemptRef) -> None:
        token = self._tokens.get(ref)
        if token is None:
            self._say(StartRefused(ref=ref, reason="the attempt is not one that this worker was given"))
            return
        try:
            granted = self._insist(lambda: self._api.start(token))
        except (ConflictError, NotAdmittedError) as error:
            self._forget(ref)
            self._say(StartRefused(ref=ref, reason=str(error)))
            return
        if granted is not None:
            self._logs.begin(ref, granted.context.log_path, token)
            self._say(granted)

    def _call(self, message: ChildCall) -> None:
        token = self._tokens.get(message.ref) or self._over.get(message.ref, "")
        answer = None
        for _ in range(CALL_TRIES_MAX):
            try:
                answer = self._api.call(token, message.call)
                break
            except UnavailableError as error:
                answer = Refused(code="unavailable", message=str(error))
                self._stopped.wait(RETRY_FIRST_S)
            except (NotAdmittedError, RefusedError, ConflictError, NotFoundError) as error:
                answer = Refused(code="stale", message=str(error))
                break
        if answer is not None:
            self._say(CallAnswer(ref=message.ref, call_id=message.call_id, answer=answer))

    def _end(self, message: AttemptEnded) -> None:
        """Ship the rest of the log, then say how the attempt ended, until it is taken."""
        ref, token = message.ref, self._tokens.get(message.ref)
        is_stale = token is None
        if token is not None:
            self._try(lambda: self._logs.ship(ref))
            try:
                self._insist(lambda: self._api.end(token, message.ending))
            except (NotAdmittedError, ConflictError, RefusedError, NotFoundError) as error:
                log.warning("an ending is not wanted", extra={"task": ref.task_id, "error": str(error)})
                is_stale = True
        if not self._stopped.is_set():
            self._forget(ref)
            self._say(Accepted(ref=ref, is_stale=is_stale))

    def _forget(self, ref: AttemptRef) -> None:
        token = self._tokens.pop(ref, None)
        if token is not None:
            self._over[ref] = token
            while len(self._over) > OVER_MAX:
                self._over.popitem(last=False)

    # What the server says.

    def _fetch_mail(self) -> None:
        pause_s = RETRY_FIRST_S
        while not self._stopped.is_set():
            try:
                mail = self._api.mail(self._host_id)
                for item in mail:
                    self._deliver(item)
                if mail:
                    self._api.has_read(self._host_id, [item.mail_pk for item in mail])
                pause_s = RETRY_FIRST_S
            except WindwardError as error:
                log.warning("no mail", extra={"error": str(error), "again_in_s": pause_s})
                self._stopped.wait(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)

    def _deliver(self, item: Mailed) -> None:
        match item.message:
            case Submit(work=work):
                for submission, token in zip(work, item.tokens, strict=True):
                    self._tokens[submission.ref] = token
                    self._fetch_code(submission)
                self._say(item.message)
            case message:
                self._say(message)

    def _fetch_code(self, submission: Submission) -> None:
        """Have the snapshot here before the host looks for it; without it the attempt fails with a clear error."""
        code_hash = submission.code_hash
        if not code_hash:
            return
        try:
            self._code.manifest(code_hash)
        except NotFoundError:
            files = self._api.manifest(code_hash)
            contents = {path: self._api.code_file(code_hash, path) for path in files}
            saved = self._code.save(Path("/"), contents)
            if saved != code_hash:
                raise RefusedError(f"code version `{code_hash}` arrived as `{saved}`") from None

    # Saying it again.

    def _insist(self, ask: Callable[[], T]) -> T | None:
        """Ask until there is an answer, other than that nobody answers; None when the bridge stops first."""
        pause_s = RETRY_FIRST_S
        while not self._stopped.is_set():
            try:
                return ask()
            except UnavailableError as error:
                log.debug("again", extra={"error": str(error), "again_in_s": pause_s})
                self._stopped.wait(pause_s)
                pause_s = min(pause_s * 2, RETRY_MAX_S)
        return None

    def _try(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except WindwardError as error:
            log.warning("not carried", extra={"error": str(error)})


def open_listener(path: Path) -> socket.socket:
    """Return a listening socket for the host, at a path that nobody else may open."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    finally:
        os.umask(before)
    listener.listen(1)
    return listener
