"""The worker host: one loop that holds attempts from `Submit` until their ending is accepted.

It runs no user code and imports none. Theory of operation: a submitted attempt gets a process at once (forked
by the template of its file) while the start is still being asked for; the grant is written to the process,
which only then runs user code. What the child reports goes on to the scheduler; when it leaves without a
word, what the kernel says of its end is reported instead.

Longer than 400 lines because all that may happen to an attempt on its host is one machine, to be read in one place.
"""

from __future__ import annotations

import logging
import os
import signal
from datetime import UTC, datetime

from windward.logs.raw import append_bytes
from windward.logs.records import encode_line
from windward.protocol.calls import Answer
from windward.protocol.child import (
    Answered,
    Asked,
    Began,
    Declined,
    Ended,
    Exited,
    FromChild,
    Idle,
    Masked,
    Start,
    TimeLimited,
)
from windward.protocol.messages import (
    Accepted,
    Beat,
    CallAnswer,
    Cancel,
    ChildCall,
    Shutdown,
    StartGranted,
    StartRefused,
    StartRequest,
    Submit,
    ToHost,
    Welcome,
)
from windward.protocol.outcomes import Ending, Succeeded
from windward.protocol.work import AttemptRef
from windward.runner import facts
from windward.runner.held import Child, Closing, Held, Step
from windward.runner.link import Link
from windward.runner.linux import OomCounter
from windward.runner.nursery import Nursery, is_overlong
from windward.runner.options import HostOptions
from windward.runner.placing import Placing
from windward.runner.poller import Poller
from windward.runner.template import prepare_host
from windward.runner.timers import Timers

log = logging.getLogger("windward.runner.host")
LOST_CHILD_S = 2.0
OVERTIME_S = 5.0
"""How long a task may take to stop after its own time limit before the host kills it."""
_SWEEP_S = 5.0


class Host:
    """One worker host. `run` returns after an orderly shutdown."""

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._poller = Poller()
        self._timers = Timers()
        self._held: dict[AttemptRef, Held] = {}
        self._oom = OomCounter()
        self._starts: list[AttemptRef] = []
        self._closing: dict[Child, Closing] = {}
        """Attempts that are over, whose processes may still run callbacks."""
        self._is_draining = False
        self._is_done = False
        self._nursery = Nursery(options, self._poller, self)
        self._placing = Placing(options, self._poller, self._timers, self._nursery, self)
        self._link = Link(
            options, self._poller, self._timers, running=lambda: list(self._held), receive=self._receive
        )
        self._link.answer_call = self._answer_call

    # The loop.

    def run(self) -> None:
        """Serve until told to stop."""
        self._catch_signals()
        self._link.connect()
        self._timers.after(_SWEEP_S, self._sweep)
        try:
            while not self._is_done:
                self._turn()
        finally:
            self._link.close()
            self._placing.close()
            self._nursery.close()
            for child in list(self._closing):
                self._close_log(child)
            self._oom.close()
            signal.set_wakeup_fd(-1)
            self._poller.close()

    def _turn(self) -> None:
        self._poller.turn(self._timers.wait_s())
        self._timers.run_due()
        self._placing.place()
        if self._starts:
            refs, self._starts = self._starts, []
            self._link.send(StartRequest(refs=tuple(refs)))
        if self._is_draining and not (self._held or self._link.unaccepted or len(self._nursery)):
            self._is_done = True

    def _sweep(self) -> None:
        self._timers.after(_SWEEP_S, self._sweep)
        self._placing.sweep()
        for child in self._nursery:
            if is_overlong(child):
                log.warning("a process outlived its attempt and is killed", extra={"log": child.log_file})
                self._placing.kill(child, signal.SIGKILL, is_group=True)

    def _catch_signals(self) -> None:
        read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

        def on_signal(_events: int) -> None:
            if {signal.SIGTERM, signal.SIGINT} & set(os.read(read_end, 512)):
                self._drain("the worker was asked to stop")

        self._poller.register(read_end, on_signal)
        signal.set_wakeup_fd(write_end)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)

    # What the scheduler says.

    def _receive(self, message: ToHost) -> None:
        match message:
            case StartGranted():
                self._grant(message)
            case Submit(work=work):
                if self._is_draining:
                    return  # Sent before our last hello was heard, which named all that we have: others get it.
                for submission in work:
                    if submission.ref not in self._held and not self._link.holds_ending(submission.ref):
                        held = Held(submission)
                        self._held[submission.ref] = held
                        self._placing.add(held)
            case StartRefused(ref=ref):
                self._drop(ref)
            case Cancel(refs=refs, reason=reason):
                for ref in refs:
                    self._cancel(ref, reason)
            case Welcome(stale=stale):
                self._drop_stale(stale)
                self._starts = [held.ref for held in self._held.values() if held.step is Step.READY]
            case Beat(stale=stale):
                self._drop_stale(stale)
            case Shutdown():
                self._drain("the scheduler asked the worker to stop")
            case Accepted() | CallAnswer():
                raise AssertionError("the link keeps these to itself")

    def _grant(self, granted: StartGranted) -> None:
        held = self._held.get(granted.ref)
        if held is None:
            if not self._link.holds_ending(granted.ref):
                self._report_unstarted(granted.ref, "the process was given up before the start was granted")
            return
        if held.step is Step.RUNNING or held.granted is not None:
            return
        held.granted = granted
        held.log_file = os.path.join(self._options.log_folder, granted.context.log_path)  # noqa: PTH118 - hot path
        self._go(held)

    def _go(self, held: Held) -> None:
        """Let user code go, if there are both a process and a grant, and the lease holds."""
        granted, child = held.granted, held.child
        if granted is None:
            return
        if not self._link.has_lease:
            self._finish(held, self._unstarted("the worker's lease had run out when the start arrived"))
            if child is not None:
                self._placing.dismiss(child)
        elif held.doom is not None:
            problem = held.doom
            self._say(held, "error", problem.message, error_type=problem.error_type, exception=problem.text)
            self._finish(held, facts.ending_of_doom(held, problem, at=datetime.now(UTC)))
        elif child is not None:
            held.step = Step.RUNNING
            held.oom_kills_before = self._oom.read()
            start = Start(
                ref=held.ref,
                context=granted.context,
                log_file=held.log_file,
                not_after_s=self._link.lease_until,
                run_as_user=held.work.run_as_user or self._options.default_impersonation or None,
            )
            self._nursery.start(child, held, start)
            self._placing.is_started(child)
            if held.ref.callback_pk is not None and (seconds := self._options.callback_s_max):
                held.timer = self._timers.after(seconds, lambda: self._callback_overdue(held, seconds))

    def _drop(self, ref: AttemptRef) -> None:
        """Forget an attempt that is not ours to run: nothing is reported."""
        held = self._held.pop(ref, None)
        if held is None:
            return
        self._placing.remove(held)
        self._end_log(held)
        if held.timer is not None:
            held.timer.cancel()
        if (child := held.child) is not None:
            child.held = None
            if held.step is Step.RUNNING:
                self._placing.kill(child, signal.SIGKILL, is_group=True)
            else:
                self._placing.dismiss(child)

    def _drop_stale(self, stale: tuple[AttemptRef, ...]) -> None:
        for ref in stale:
            if (held := self._held.get(ref)) is not None and held.step is Step.RUNNING:
                self._say(held, "warning", "the attempt is not the current one any more and is stopped")
            self._drop(ref)

    def _cancel(self, ref: AttemptRef, reason: str) -> None:
        held = self._held.get(ref)
        if held is None:
            return
        if held.step is not Step.RUNNING:
            child = held.child
            self._finish(held, self._unstarted(reason))
            if child is not None:
                self._placing.dismiss(child)
        elif held.cancel_reason is None:
            held.cancel_reason = reason
            self._stop(held)

    def _stop(self, held: Held, grace_s: float | None = None) -> None:
        """Ask a running attempt to stop; make it stop when its time is up."""
        child = held.child
        assert child is not None
        child.is_worn = True
        self._placing.kill(child, signal.SIGTERM, is_group=False)
        if held.timer is not None:
            held.timer.cancel()
        seconds = self._options.kill_grace_s if grace_s is None else grace_s
        held.timer = self._timers.after(seconds, lambda: self._kill(held))

    def _kill(self, held: Held) -> None:
        if held.child is not None and not held.child.is_gone:
            held.is_killed = True
            self._say(held, "error", "the task did not stop in time and is killed")
            self._placing.kill(held.child, signal.SIGKILL, is_group=True)

    def _drain(self, reason: str) -> None:
        if self._is_draining:
            return
        self._is_draining = True
        log.info("worker stops", extra={"reason": reason, "running": len(self._running_refs())})
        self._placing.stop()
        self._link.take_no_more()
        for held in list(self._held.values()):
            if held.step is Step.RUNNING:
                held.is_shut_down = True
                self._stop(held)
            else:
                self._cancel(held.ref, reason)

        def give_up() -> None:
            self._is_done = True

        self._timers.after(self._options.kill_grace_s + LOST_CHILD_S * 2, give_up)

    # What children say. (ChildOwner)

    def child_says(self, child: Child, message: FromChild) -> None:
        """Take one message of a child."""
        held = child.held
        match message:
            case Asked(call_id=call_id, call=call):
                if (ref := self._asking(child)) is not None:
                    self._link.call(ChildCall(ref=ref, call_id=call_id, call=call))
            case Began(pid=pid):
                if held is not None:
                    held.pid = pid
            case Ended(ending=ending):
                if held is not None:
                    self._finish(held, self._seen_from_outside(held, ending))
            case Declined():
                if held is not None:
                    self._finish(
                        held, self._unstarted("the worker's lease had run out when the process got the start")
                    )
            case TimeLimited(seconds=seconds):
                if held is not None and held.timer is None:
                    held.timer = self._timers.after(seconds + OVERTIME_S, lambda: self._overdue(held))
            case Idle(rss_bytes=rss_bytes):
                self._close_log(child)
                self._placing.warm_is_idle(child, rss_bytes=rss_bytes)
            case Masked():
                raise AssertionError("the nursery keeps these to itself")

    def child_is_gone(self, child: Child, exited: Exited | None, fact: str) -> None:
        """Report the attempt that died with it, if there was one."""
        held, child.held = child.held, None
        self._placing.forget(child)
        self._close_log(child)
        if held is None or held.child is not child:
            return
        held.child = None
        if not held.pid and held.cancel_reason is None and not held.is_shut_down:
            held.step = Step.READY
            if held.timer is not None:
                held.timer.cancel()
            self._placing.again(held, fact or "its process died before it took the start")
            return
        if exited is None:
            self._say(held, "error", "the task's process died with its template", fact=fact)
            self._finish(held, facts.ending_of_loss(fact, at=datetime.now(UTC)))
            return
        was_oom_kill = self._oom.read() > held.oom_kills_before
        ending = facts.ending_of_exit(held, exited, was_oom_kill=was_oom_kill)
        self._say(held, "error", "the task's process ended", fact=ending.exit.message or "")
        self._finish(held, ending)

    # What happens to templates is told by `Placing`.

    def is_placed(self, held: Held) -> None:
        """A process waits for this attempt (or it is doomed): ask for its start, or start it."""
        if held.step is Step.WAITING:
            held.step = Step.READY
            self._starts.append(held.ref)
        elif held.granted is not None:
            self._go(held)

    # Helpers of all of these.

    def _finish(self, held: Held, ending: Ending) -> None:
        self._held.pop(held.ref, None)
        self._placing.remove(held)
        if held.timer is not None:
            held.timer.cancel()
        if (child := held.child) is not None:
            has_succeeded = isinstance(ending.outcome, Succeeded)
            options = self._options
            child.overtime_s = options.success_overtime_s if has_succeeded else options.callbacks_s_max
            self._placing.is_finished(child)
        self._link.report(held.ref, ending)
        self._end_log(held)

    def _end_log(self, held: Held) -> None:
        """Tell that nothing will be added to a log: now, or when the process, which may call back, is gone or idle."""
        if held.child is not None and held.step is Step.RUNNING:
            self._closing[held.child] = Closing(held.ref, held.log_file)
            return
        self._link.forget_calls(held.ref)
        if held.log_file:
            self._options.log_done(held.log_file)

    def _close_log(self, child: Child) -> None:
        if (closing := self._closing.pop(child, None)) is None:
            return
        self._link.forget_calls(closing.ref)
        if closing.log_file:
            self._options.log_done(closing.log_file)

    def _asking(self, child: Child) -> AttemptRef | None:
        """Return the attempt for which a child asks something: the one that it runs, or whose callbacks it runs."""
        if child.held is not None:
            return child.held.ref
        closing = self._closing.get(child)
        return closing.ref if closing is not None else None

    def _report_unstarted(self, ref: AttemptRef, message: str) -> None:
        self._link.report(ref, self._unstarted(message))

    def _unstarted(self, message: str) -> Ending:
        return facts.ending_unstarted(message, at=datetime.now(UTC))

    def _overdue(self, held: Held) -> None:
        held.timer = None
        held.is_overdue = True
        self._kill(held)

    def _callback_overdue(self, held: Held, seconds: float) -> None:
        held.timer, held.is_overdue = None, True
        self._say(held, "error", "the callback takes too long and is stopped", seconds=f"{seconds:g}")
        self._stop(held, OVERTIME_S)

    def _seen_from_outside(self, held: Held, ending: Ending) -> Ending:
        """Add what only the host knows: who asked the task to stop."""
        if ending.exit.kind != "signal" or (held.cancel_reason is None and not held.is_shut_down):
            return ending
        return facts.ending_of_stop(held, ending)

    def _answer_call(self, ref: AttemptRef, call_id: int, answer: Answer) -> None:
        held = self._held.get(ref)
        child = held.child if held is not None else self._calling_back(ref)
        if child is not None:
            child.channel.send(Answered(call_id=call_id, answer=answer))

    def _calling_back(self, ref: AttemptRef) -> Child | None:
        return next((child for child, closing in self._closing.items() if closing.ref == ref), None)

    def _running_refs(self) -> list[AttemptRef]:
        return [ref for ref, held in self._held.items() if held.step is Step.RUNNING]

    def _say(self, held: Held, level: str, event: str, **fields: str) -> None:
        """Write a line of our own to the attempt's log."""
        if not held.log_file:
            return
        line = encode_line(
            at=datetime.now(UTC),
            level=level,
            event=event,
            logger="windward.worker",
            source="windward",
            fields=dict(fields),
        )
        try:
            append_bytes(held.log_file, line)
        except OSError:
            log.exception("a log cannot be written", extra={"path": held.log_file})


def run_host(options: HostOptions) -> None:
    """Run a worker host in this process until it is told to stop. The process must have one thread."""
    prepare_host()
    Host(options).run()
