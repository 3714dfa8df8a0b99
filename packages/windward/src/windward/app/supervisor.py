"""A small supervisor: starts components as children, restarts those that die, and ends all of them in order.

It sleeps in one place and has one thread, so that it may fork at any time. It knows nothing of what its
components do: a component is a name and a function that becomes a child.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from windward.runner.linux import adopt_orphans, die_with_parent

log = logging.getLogger("windward.supervisor")
RESTART_MAX_S = 30.0
STEADY_S = 60.0
"""A component that lived this long is restarted at once when it dies."""
STOP_S = 5.0
"""Time for components that have nothing to finish."""
KILLED = 130
_ASKED = b"?"
"""In front of the name of a component that somebody asks for."""
_STOPS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@dataclass(frozen=True, kw_only=True)
class Component:
    """What to run. `start` is called in the new child and returns its exit code; it may also replace the process.

    `drain_signal` is sent when the end begins, and the component stays until the drained ones have left; without it the
    component is asked to stop at once. `drains`: it may take the grace time, for it has tasks to end.
    """

    name: str
    start: Callable[[], int]
    drain_signal: signal.Signals | None = None
    drains: bool = False
    is_on_demand: bool = False
    """It is started when somebody asks for it, and stays away when it ends well."""


@dataclass
class _State:
    component: Component
    pid: int = 0
    started_s: float = 0.0
    deaths: int = 0
    restart_s: float | None = None
    """When to start again; None while it runs or is not to be started."""


class Supervisor:
    """Runs components until it is told to stop."""

    def __init__(self, *, grace_s: float) -> None:
        self._grace_s = grace_s
        self._states: dict[str, _State] = {}
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._ready_read, self._ready_write = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready_read.setblocking(False)
        self._not_ready: set[str] = set()
        self.on_ready: Callable[[], None] = lambda: None
        """Called once, when every component has said that it is ready for the first time."""
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._selector.register(self._ready_read, selectors.EVENT_READ)
        adopt_orphans()
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in _STOPS:
            signal.signal(number, self._on_stop)

    def start(self, component: Component, *, waits_for_ready: bool = True) -> None:
        """Start a component, and keep it running from now on."""
        state = self._states[component.name] = _State(component)
        if waits_for_ready:
            self._not_ready.add(component.name)
        self._fork(state)

    def offer(self, component: Component) -> None:
        """Start a component when somebody asks for it, and keep it running from then on until it ends well."""
        assert component.is_on_demand
        self._states[component.name] = _State(component)

    def ask_for(self, name: str) -> None:
        """Ask for a component that was offered. Called in another component's process."""
        self._ready_write.send(_ASKED + name.encode())

    def tell_ready(self, name: str) -> None:
        """Say that a component does its work. Called in the component's process."""
        self._ready_write.send(name.encode())

    def run(self) -> int:
        """Supervise until SIGINT, SIGTERM or SIGHUP; end everything; return the exit code."""
        while not self._signals:
            self._turn(self._restart_wait_s())
            self._restart_due()
        return self._end()

    def abandon(self) -> None:
        """Kill what was started: the start itself has failed."""
        self._send(self._running(), signal.SIGKILL)
        self._signals.append(signal.SIGKILL)
        self._wait_for(self._running(), time.monotonic() + STOP_S, signals=None)
        self._close()

    # Starting.

    def _fork(self, state: _State) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(state.component, parent)
        state.pid, state.started_s, state.restart_s = pid, time.monotonic(), None
        event, level = (
            ("component started again", logging.INFO)
            if state.deaths
            else ("component started", logging.DEBUG)
        )
        log.log(level, event, extra={"started": state.component.name, "pid": pid})

    def _become(self, component: Component, parent: int) -> None:
        """Be a child: of a process group of its own, so that a terminal's Ctrl-C reaches the supervisor only."""
        code = 70
        try:
            os.setpgid(0, 0)
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            for number in (*_STOPS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            self._selector.close()
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._ready_read.close()
            code = component.start()
        except BaseException:
            log.exception("component failed", extra={"failed": component.name})
        finally:
            logging.shutdown()
            os._exit(code)

    def _restart_due(self) -> None:
        now = time.monotonic()
        for state in self._states.values():
            if state.restart_s is not None and state.restart_s <= now and not self._signals:
                self._fork(state)

    def _restart_wait_s(self) -> float | None:
        due = [state.restart_s for state in self._states.values() if state.restart_s is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    # Waiting.

    def _turn(self, timeout_s: float | None) -> None:
        """Sleep until a signal, a ready component or the time; then take in who has died."""
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._ready_read:
                self._note_ready()
            else:
                os.read(self._wake_read, 512)
        self._reap()

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _note_ready(self) -> None:
        message = self._ready_read.recv(256)
        name = message.removeprefix(_ASKED).decode()
        state = self._states.get(name)
        if message.startswith(_ASKED):
            if state is not None and not state.pid and state.restart_s is None and not self._signals:
                self._fork(state)
        elif name in self._not_ready:
            self._not_ready.discard(name)
            if not self._not_ready:
                self.on_ready()
        else:
            log.info("component is back", extra={"back": name})

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for state in self._states.values():
                if state.pid == pid:
                    self._has_died(state, os.waitstatus_to_exitcode(status))

    def _has_died(self, state: _State, code: int) -> None:
        pid, state.pid = state.pid, 0
        if self._signals or (state.component.is_on_demand and code == 0):
            return
        if time.monotonic() - state.started_s >= STEADY_S:
            state.deaths = 0
        back_off_s = 0.0 if state.deaths == 0 else min(0.5 * 2 ** (state.deaths - 1), RESTART_MAX_S)
        state.deaths += 1
        state.restart_s = time.monotonic() + back_off_s
        name = state.component.name
        extra = {"died": name, "pid": pid, "reason": reason_of(code), "restart_in_s": back_off_s}
        log.error("component died", extra=extra)

    # Ending.

    def _end(self) -> int:
        """Drain, then stop, then kill. A second signal kills at once."""
        log.info("stopping", extra={"signal": signal.Signals(self._signals[0]).name})
        first = len(self._signals)
        draining = [state for state in self._running() if state.component.drains]
        for state in self._running():
            signal_number = state.component.drain_signal if draining else None
            self._send([state], signal_number or signal.SIGTERM)
        if draining:
            self._wait_for(draining, time.monotonic() + self._grace_s + STOP_S, signals=first)
            self._send(self._running(), signal.SIGTERM)
        if len(self._signals) == first:
            self._wait_for(self._running(), time.monotonic() + STOP_S, signals=first)
        left = self._running()
        if left:
            log.warning("killing", extra={"components": [state.component.name for state in left]})
            self._send(left, signal.SIGKILL)
            self._wait_for(left, time.monotonic() + STOP_S, signals=None)
        self._close()
        return KILLED if len(self._signals) > first else 0

    def _wait_for(self, states: Sequence[_State], until_s: float, *, signals: int | None) -> None:
        """Wait until these have ended, the time is up, or another signal came."""
        while any(state.pid for state in states):
            left_s = until_s - time.monotonic()
            if left_s <= 0 or (signals is not None and len(self._signals) > signals):
                return
            self._turn(left_s)

    def _running(self) -> list[_State]:
        return [state for state in self._states.values() if state.pid]

    def _send(self, states: Sequence[_State], number: signal.Signals) -> None:
        for state in states:
            if state.pid:
                os.kill(state.pid, number)

    def _close(self) -> None:
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._ready_read.close()
        self._ready_write.close()
        os.close(self._wake_read)
        os.close(self._wake_write)


def reason_of(code: int) -> str:
    """Return an exit code as `os.waitstatus_to_exitcode` gives it, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
