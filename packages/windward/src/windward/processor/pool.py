"""The processor's side of parsing: jobs out to children, outcomes back, within the limits.

Knows processes and messages; what an outcome means for the store is in `results`.
Longer than 400 lines because one class owns the template, its children and all that they may send.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from windward.errors import UnavailableError
from windward.ports.clock import Clock
from windward.processor import limits, report
from windward.processor.authoring import Author
from windward.processor.discover import Found
from windward.processor.fingerprint import Stamp, stamp_of
from windward.processor.kept import KeptValues
from windward.processor.messages import (
    Answered,
    Asked,
    BackendAnswered,
    ChildEnded,
    ChildStarted,
    DagParsed,
    FileParsed,
    FromChild,
    FromTemplate,
    Imported,
    ParseJob,
    Purged,
    Ready,
    SourceRead,
    StopJob,
    Touched,
)
from windward.processor.template import Launch, TemplateHandle
from windward.protocol.calls import Answer, Call
from windward.protocol.framing import FrameError, FrameReader, frame
from windward.protocol.outcomes import DeadXCom

KILL_AFTER_S = 5.0
"""A child ends itself at its time limit; one that cannot is killed this much later."""
QUICK_S = 0.25
"""While files take less than this, as many jobs as may run also wait in the template, to be forked at once."""
TEMPLATE_DEATHS_MAX = 2
"""How often a file may be under way when the template dies before the file is blamed."""
_TRACE_BYTES_MAX = 65_536
_READ_BYTES = 1 << 16
_ANSWER_TIMEOUT_S = 2.0
_CHANGED = "changed"
"""In place of the hash of what was another thing already when we heard of it."""
_TEMPLATE_FAILURES_MAX = 3
_NO_FILE = Found("", "", Stamp(0, 0, 0, 0))

Answerer = Callable[[Call], tuple[Answer, str, str]]
"""Answers user code; also returns the dependency that the answer makes, and its hash."""


@dataclass
class ParseOutcome:
    """What became of one file. `dependencies` maps each to its hash, None when the child did not know it.

    `seen` has those of the others from when the child turned to them, or what no hash is when they changed before we knew.
    """

    found: Found
    source_hash: str = ""
    dags: list[DagParsed] = field(default_factory=list)
    error: str = ""
    is_passing: bool = False
    is_unread: bool = False
    warnings: tuple[str, ...] = ()
    dependencies: dict[str, str | None] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    began: float = 0.0
    """Monotonic time at which a child began with it."""
    duration_s: float = 0.0


@dataclass
class _Running:
    outcome: ParseOutcome
    sock: socket.socket
    output_fd: int
    trace_fd: int
    began: float | None = None  # None while the job waits in the template
    reader: FrameReader[FromChild] = field(default_factory=lambda: FrameReader(FromChild))
    output: bytearray = field(default_factory=bytearray)
    output_dropped: int = 0
    trace: bytearray = field(default_factory=bytearray)
    modules: dict[str, str] = field(default_factory=dict)
    """What it imported from the DAG folder, with the hashes of what was executed."""
    is_imported: bool = False
    last: FileParsed | None = None
    is_killed: bool = False
    is_given_up: bool = False
    is_unwanted: bool = False
    """Whatever it gives is dropped."""
    is_over: bool = False
    purges: tuple[DeadXCom, ...] = ()
    """Set when it purges values and parses nothing."""
    purged: list[Purged] = field(default_factory=list)


class ParsePool:
    """Owns the template and the children under way. Not for several threads."""

    def __init__(
        self, root: str, bounds: limits.Limits, author: Author, answer: Answerer, current: Callable[[str], str], *,
        children_max: int, preload: Sequence[str], clock: Clock, launch: Launch,
    ) -> None:  # fmt: skip
        self._root = root
        self._bounds = bounds
        self._author = author
        self._answer = answer
        self._current = current
        self._children_max = children_max
        self._preload = preload
        self._clock = clock
        self._kept = KeptValues(clock, ttl_s=author.secrets_ttl_s)
        self._launch_template = launch
        self._selector = selectors.DefaultSelector()
        self._template: TemplateHandle | None = None
        self._template_reader: FrameReader[FromTemplate] = FrameReader(FromTemplate)
        self._waiting: deque[Found] = deque()
        self._running: dict[int, _Running] = {}
        self._deaths: dict[str, int] = {}
        self._given_up: set[str] = set()
        self._done: list[ParseOutcome] = []
        self._purged: list[Purged] = []
        self._away: UnavailableError | None = None
        """What the last question of a child met."""
        self._next_job = 1
        self._is_quick = True
        self._is_ready = False
        self._failures = 0
        self.children_started = 0
        self.preload_problems: tuple[str, ...] = ()

    def start(self) -> None:
        """Start the template, unless it runs."""
        if self._template is None:
            self._template = self._launch_template(
                preload=self._preload,
                bounds=self._bounds,
                author=self._author,
                children_max=self._children_max,
            )
            self._template_reader = FrameReader(FromTemplate)
            self._is_ready = False
            self._selector.register(self._template.sock, selectors.EVENT_READ, self._read_template)

    @property
    def template_pid(self) -> int | None:
        """Process id of the template, while it runs."""
        return self._template.pid if self._template else None

    @property
    def is_busy(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self._waiting or self._running or self._done)

    def watch(self, descriptor: int) -> None:
        """Make `wait` also return when `descriptor` is readable."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def replace_waiting(self, files: Sequence[Found]) -> None:
        """Make `files` what is parsed next, in this order; those under way go on."""
        self._waiting = deque(files)
        if files:
            self.start()
        self._fill()

    def purge(self, items: Sequence[DeadXCom]) -> None:
        """Have a child purge values that are gone; `take_purged` gives what came of it."""
        self.start()
        self._launch(_NO_FILE, purges=tuple(items))

    def take_purged(self) -> list[Purged]:
        """Return what came of values that were purged since the last call."""
        purged, self._purged = self._purged, []
        return purged

    @property
    def is_purging(self) -> bool:
        """Whether a child purges values."""
        return any(running.purges for running in self._running.values())

    def give_up_changed(self, files: Mapping[str, Found]) -> None:
        """End parses of what is so no more: they may take long, and nothing that they find would be kept.

        `files` are those that there are now. Of one file not twice in a row: it would never be done if it wrote its
        own modules.
        """
        for job_id, running in self._running.items():
            was = running.outcome.found
            if running.began is None or running.purges or was.fileloc in self._given_up:
                continue  # what waits is read when it begins
            found = files.get(was.fileloc)
            if (found is None or found.content_hash != was.content_hash) or any(
                self._current(module) != content_hash for module, content_hash in running.modules.items()
            ):
                self._given_up.add(was.fileloc)
                running.is_given_up = True
                self._stop(job_id)

    def give_up_all(self) -> None:
        """End all parses and drop what is done: nobody writes what they give, and what they asked may have no answer."""
        self._done.clear()
        for job_id, running in self._running.items():
            if not running.purges and not running.is_unwanted:
                running.is_given_up = running.is_unwanted = True
                if running.began is not None:  # else it is ended when it begins
                    self._stop(job_id)

    def under_way(self) -> set[str]:
        """Return the files that are being parsed now, but for those that were given up."""
        return {one.outcome.found.fileloc for one in self._running.values() if not one.is_given_up}

    def wait(self, timeout_s: float) -> list[ParseOutcome]:
        """Work until files are done, a watched descriptor is readable, or the time is up; return what is done.

        Raise `UnavailableError` when a file asked for something and the store is away: it has no answer then.
        """
        until = self._clock.monotonic() + timeout_s
        is_called = False
        while not self._done and not self._purged and not is_called:
            left = until - self._clock.monotonic()
            for key, _ in self._selector.select(max(0.0, min(left, self._kill_due_s()))):
                if key.data is None:
                    is_called = True
                else:
                    key.data()
            if self._away is not None:
                away, self._away = self._away, None
                raise away
            self._kill_overdue()
            if left <= 0:
                break
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """End the template and all children."""
        if self._template is not None:
            self._drop_template()
        for job_id in list(self._running):
            self._forget(self._running.pop(job_id))
        self._waiting.clear()
        self._selector.close()

    def _fill(self) -> None:
        busy = {running.outcome.found.fileloc for running in self._running.values()}
        held: list[Found] = []
        jobs_max = self._children_max * (2 if self._is_quick else 1)
        while self._waiting and len(self._running) < jobs_max and self._template is not None:
            found = self._waiting.popleft()
            if found.fileloc in busy:
                held.append(found)
            else:
                self._launch(found)
        self._waiting.extendleft(reversed(held))

    def _launch(self, found: Found, *, purges: tuple[DeadXCom, ...] = ()) -> None:
        assert self._template is not None
        job_id, self._next_job = self._next_job, self._next_job + 1
        ours, theirs = socket.socketpair()
        output_read, output_write = os.pipe()
        trace_read, trace_write = os.pipe()
        for descriptor in (output_read, trace_read):
            os.set_blocking(descriptor, False)
        ours.setblocking(False)
        running = _Running(ParseOutcome(found), ours, output_read, trace_read, purges=purges)
        self._running[job_id] = running
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._read_child(running))
        self._selector.register(output_read, selectors.EVENT_READ, lambda: self._read_output(running))
        place, kept = self._root, self._kept.fresh()
        job = ParseJob(
            job_id=job_id, root=place, fileloc=found.fileloc, source=found.source, kept=kept, purges=purges
        )
        try:
            socket.send_fds(self._template.sock, [frame(job)], [theirs.fileno(), output_write, trace_write])
            self.children_started += 1
        except OSError:
            self._lose_template()
        finally:
            theirs.close()
            os.close(output_write)
            os.close(trace_write)

    def _read_template(self) -> None:
        assert self._template is not None
        try:
            data = self._template.sock.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._lose_template()
            return
        for message in self._template_reader.feed(data):
            match message:
                case Ready(problems=problems):
                    self._is_ready = True
                    self._failures = 0
                    self.preload_problems = problems
                case ChildStarted(job_id=job_id):
                    if (running := self._running.get(job_id)) is not None:
                        running.began = self._clock.monotonic()
                        if running.is_unwanted:
                            self._stop(job_id)
                case ChildEnded(job_id=job_id, status=status):
                    if (running := self._running.pop(job_id, None)) is not None:
                        self._end(running, status)
        self._fill()

    def _read_child(self, running: _Running) -> bool:
        """Take in what a child sent; return whether there was anything."""
        if running.is_over:
            return False
        try:
            data = running.sock.recv(_READ_BYTES)
            for message in running.reader.feed(data):
                self._take(running, message)
        except BlockingIOError:
            return False
        except (FrameError, OSError) as error:
            running.outcome.error = f"the process that imported the file sent something unreadable: {error}"
            data = b""
        if not data:
            self._selector.unregister(running.sock)
        return bool(data)

    def _take(self, running: _Running, message: FromChild) -> None:
        outcome = running.outcome
        match message:
            case SourceRead(content_hash=content_hash):
                outcome.source_hash = content_hash
            case BackendAnswered(name=name, text=text):
                self._kept.put(name, text)
            case Touched(dependency=dependency, content_hash=known, stamp=stamp):
                outcome.dependencies[dependency] = known or outcome.dependencies.get(dependency)
                if known is not None:
                    running.modules[dependency] = known
                else:
                    seen = self._current(dependency)
                    is_same = stamp == stamp_of(f"{self._root}/{dependency}")
                    outcome.seen[dependency] = seen if is_same else _CHANGED
            case Imported():
                running.is_imported = True
            case DagParsed():
                outcome.dags.append(message)
            case Purged():
                running.purged.append(message)
            case FileParsed():
                running.last = message
            case Asked(call=call):
                try:
                    answer, dependency, value_hash = self._answer(call)
                except UnavailableError as error:
                    self._away = error  # Raised by `wait`, when all that came with it is taken in.
                    return
                if (
                    dependency
                ):  # The first answer counts: it is in what the file declares, whatever came after it.
                    outcome.dependencies.setdefault(dependency, value_hash)
                running.sock.settimeout(_ANSWER_TIMEOUT_S)
                with contextlib.suppress(OSError):  # It ended meanwhile, or does not read what it asked for.
                    running.sock.sendall(frame(Answered(answer=answer)))
                running.sock.setblocking(False)

    def _read_output(self, running: _Running) -> None:
        data = None if running.is_over else _read_some(running.output_fd)
        if not data:
            if data is not None:
                self._selector.unregister(running.output_fd)
            return
        room = report.OUTPUT_BYTES_MAX - len(running.output)
        running.output += data[:room]
        running.output_dropped += max(0, len(data) - room)

    def _end(self, running: _Running, status: int) -> None:
        """Take what a child that is gone has left behind, and make its outcome."""
        while running.sock in self._selector.get_map() and self._read_child(running):
            pass
        while running.output_fd in self._selector.get_map():
            before = len(running.output) + running.output_dropped
            self._read_output(running)
            if len(running.output) + running.output_dropped == before:
                break
        while len(running.trace) < _TRACE_BYTES_MAX and (data := _read_some(running.trace_fd)):
            running.trace += data
        outcome = running.outcome
        now = self._clock.monotonic()
        outcome.began = now if running.began is None else running.began
        outcome.duration_s = now - outcome.began
        self._is_quick = outcome.duration_s < QUICK_S
        if running.last is not None:
            outcome.error = outcome.error or running.last.error
            outcome.is_passing = running.last.is_passing
            outcome.is_unread = running.last.is_unread
            outcome.warnings = running.last.warnings
        elif not outcome.error:
            outcome.error = self._ending_error(running, status)
            outcome.is_passing = True
        if outcome.error and running.last is None:
            outcome.dags.clear()
        if running.output:
            shown = report.describe_output(bytes(running.output), dropped=running.output_dropped)
            outcome.warnings = (*outcome.warnings, shown)
        self._forget(running)
        if running.purges:
            self._purged += _purged_of(running)
            return
        if running.is_unwanted or (running.is_given_up and running.last is None):
            return
        self._given_up.discard(outcome.found.fileloc)
        self._deaths.pop(outcome.found.fileloc, None)
        self._done.append(outcome)

    def _ending_error(self, running: _Running, status: int) -> str:
        stack = running.trace.decode(errors="replace")
        is_late = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        if not is_late and not running.is_killed:
            return report.ending_error(status, stack, root=self._root)
        if running.is_imported:
            limit_s, setting = self._bounds.file_timeout_s, "dag_file_processor_timeout"
        else:
            limit_s, setting = self._bounds.import_timeout_s, "dagbag_import_timeout"
        return report.time_limit_error(stack, limit_s=limit_s, setting=setting, root=self._root)

    def _forget(self, running: _Running) -> None:
        for end in (running.sock, running.output_fd):
            if end in self._selector.get_map():
                self._selector.unregister(end)
        running.is_over = True
        running.sock.close()
        os.close(running.output_fd)
        os.close(running.trace_fd)

    def _lose_template(self) -> None:
        """Start a new template; what was under way is parsed again, unless it seems to be the reason.

        Raise `UnavailableError` when templates do not even get to their first message.
        """
        self._failures += not self._is_ready
        self._drop_template()
        lost, self._running = self._running, {}
        for running in lost.values():
            self._forget(running)
        if self._failures >= _TEMPLATE_FAILURES_MAX:
            raise UnavailableError("the process that imports DAG files does not start; see its output")
        for running in lost.values():
            found = running.outcome.found
            if running.purges or running.is_unwanted:
                continue  # The values are still in the store, and so is what is known of the file.
            deaths = self._deaths.get(found.fileloc, 0) + (running.began is not None)
            if deaths < TEMPLATE_DEATHS_MAX:
                self._deaths[found.fileloc] = deaths
                self._waiting.appendleft(found)
                continue
            self._deaths.pop(found.fileloc, None)
            error = "the process that imports DAG files died while it imported this one\n\nhint: See the log."
            began = self._clock.monotonic() if running.began is None else running.began
            self._done.append(ParseOutcome(found, error=error, is_passing=True, began=began))
        self.start()
        self._fill()

    def _drop_template(self) -> None:
        assert self._template is not None
        template, self._template = self._template, None
        self._selector.unregister(template.sock)
        template.sock.close()
        if not self._is_ready:
            with contextlib.suppress(ProcessLookupError):
                os.kill(template.pid, signal.SIGKILL)  # It is still importing, and has no children.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(template.pid, 0)

    def _kill_due_s(self) -> float:
        if not (began := [one.began for one in self._running.values() if one.began is not None]):
            return 3600.0
        return max(0.05, min(began) + self._bounds.file_timeout_s + KILL_AFTER_S - self._clock.monotonic())

    def _kill_overdue(self) -> None:
        latest = self._clock.monotonic() - self._bounds.file_timeout_s - KILL_AFTER_S
        for job_id, running in self._running.items():
            if running.began is not None and running.began < latest and not running.is_killed:
                running.is_killed = True
                self._stop(job_id)

    def _stop(self, job_id: int) -> None:
        if self._template is not None:
            with contextlib.suppress(OSError):  # It is gone, and its children with it: that is read next.
                self._template.sock.sendall(frame(StopJob(job_id=job_id)))


def _purged_of(running: _Running) -> list[Purged]:
    """Return what a child said of its values; of the one at which it ended before its time, that it failed."""
    said = {one.dead_pk for one in running.purged}
    left = [item for item in running.purges if item.dead_pk not in said]
    if not left:
        return running.purged
    why = running.outcome.error.splitlines()[0] if running.outcome.error else "its process ended"
    return [*running.purged, Purged(dead_pk=left[0].dead_pk, error=why)]


def _read_some(descriptor: int) -> bytes | None:
    """Return what can be read now; None when nothing is there yet, empty at the end."""
    with contextlib.suppress(BlockingIOError):
        return os.read(descriptor, _READ_BYTES)
    return None
