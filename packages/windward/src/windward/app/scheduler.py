"""The scheduler component: the engine over the store, with the hub of this home's worker hosts as its mailbox."""

from __future__ import annotations

import logging
import os
import secrets
import signal
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from windward.app.console import log_to_stderr
from windward.app.host_locks import bury_dead_hosts
from windward.app.process import (
    Ready,
    component_name,
    exit_code_of,
    is_ready,
    report_on_signal,
    stop_on_signals,
)
from windward.app.wakeup import PostgresListener, is_postgres
from windward.executors.doors import Doors, open_doors
from windward.executors.hub import Hub
from windward.executors.registry import make_executor
from windward.executors.remote import RemoteHosts
from windward.ports.clock import Clock, SystemClock
from windward.ports.executor import Executor
from windward.ports.store import Store
from windward.protocol.work import AttemptRef, Submission
from windward.settings import Settings
from windward.store.ids import SnowflakeIds

if TYPE_CHECKING:
    from concurrent.futures import Executor as Background

    from windward.app.session import Session
    from windward.engine.housekeeping import Housekeeping

log = logging.getLogger("windward.scheduler")
BEAT_S = 15.0
"""Time between two signs of life in the database."""


class _Ids:
    def __init__(self) -> None:
        self.next_pk = SnowflakeIds()


class DrainableExecutor:
    """An executor that takes nothing more once `drain` was called: what runs may end, nothing new begins."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.name = executor.name
        self.is_draining = False

    def drain(self) -> None:
        """Take nothing more. May be called by a signal handler."""
        self.is_draining = True

    def capacity(self) -> int:
        """Return the executor's capacity, or 0 while draining."""
        return 0 if self.is_draining else self._executor.capacity()

    def submit(self, work: Sequence[Submission]) -> list[str]:
        """Pass attempts on."""
        return self._executor.submit(work)

    def placed(self) -> list[tuple[AttemptRef, str]]:
        """Return what had waited, and where it went."""
        return self._executor.placed()

    def avoid(self, host_ids: Collection[str]) -> None:
        """Pass nothing new to these hosts."""
        self._executor.avoid(host_ids)

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        """Ask for these attempts to be stopped."""
        self._executor.cancel(refs, reason=reason)


class Beats:
    """Signs of life, written between passes: a scheduler that hangs has none."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._due_s = 0.0

    def beat(self, now: datetime) -> None:
        """Write a sign of life if it is time; an unreachable database is the engine's to report."""
        from windward.errors import UnavailableError

        if self._clock.monotonic() < self._due_s:
            return
        self._due_s = self._clock.monotonic() + BEAT_S
        name = component_name()
        try:
            self._store.hosts.beat_component("scheduler", name, hostname=name, pid=os.getpid(), now=now)
        except UnavailableError as error:
            log.warning("sign of life not written", extra={"error": str(error)})


def run_scheduler(
    settings: Settings,
    *,
    doors: Doors | None = None,
    ready: Ready = is_ready,
    ask_for_triggerer: Callable[[], None] = is_ready,
) -> None:
    """Run a scheduler in this process until SIGTERM or SIGINT. SIGUSR1: begin nothing new, let what runs end.

    `doors` are the home's sockets when someone else opened them and will close them. `ask_for_triggerer` is called
    when triggers wait and no triggerer is there.
    """
    from windward.app.background import BackgroundThread
    from windward.app.metrics import open_metrics
    from windward.app.session import opened_store
    from windward.engine.scheduler import Scheduler

    clock = SystemClock()
    store = opened_store(settings)
    metrics = open_metrics(settings.metrics, store.hosts, clock, kind="scheduler")
    remote = RemoteHosts(store.remote, lease_s=settings.scheduler.host_lease_s, monotonic=clock.monotonic)
    opened = doors or open_doors(settings.run_folder)
    hub = Hub(opened, remote=remote)
    stop = stop_on_signals(hub.interrupt)
    executor = DrainableExecutor(
        make_executor(settings.core.executor, hub, origin=settings.origins.get("core.executor", "default"))
    )
    signal.signal(signal.SIGUSR1, lambda _number, _frame: executor.drain())
    background = BackgroundThread("housekeeping")
    report_on_signal(store)
    listener = (
        PostgresListener(settings.database.sql_alchemy_conn, hub.wake) if is_postgres(settings) else None
    )
    try:
        name = f"{component_name()}:{os.getpid()}:{secrets.token_hex(4)}"
        _bury(opened, store, clock)
        opened.sign(name)
        scheduler = Scheduler(
            store=store, mailbox=hub, executor=executor, clock=clock, ids=_Ids(), settings=settings, name=name,
            upkeep=housekeeping_of(settings, store, background), ask_for_triggerer=ask_for_triggerer,
            inbox=remote, metrics=metrics,
        )  # fmt: skip
        if listener is not None:
            listener.start()
        scheduler.run(_between_passes(stop.is_set, Beats(store, clock), clock, ready))
    finally:
        if listener is not None:
            listener.stop()
        background.shutdown(wait=False, cancel_futures=True)
        hub.close()
        if doors is None:
            opened.close()
        if metrics is not None:
            metrics.close()
        store.close()


def housekeeping_of(settings: Settings, store: Store, background: Background) -> Housekeeping:
    """Return what looks after this installation in idle moments."""
    from windward.app.files import code_store, large_values, log_store
    from windward.engine.housekeeping import Bins, Housekeeping

    bins = Bins(
        objects=large_values(settings),
        logs=log_store(settings),
        snapshots=code_store(settings),
    )
    return Housekeeping(store=store, bins=bins, background=background, settings=settings)


def main(session: Session) -> int:
    """Run `windward scheduler`; return the exit code."""
    settings = session.prepared
    log_to_stderr(settings.logging, component="scheduler")
    return exit_code_of(lambda: run_scheduler(settings))


def _between_passes(
    is_stopped: Callable[[], bool], beats: Beats, clock: Clock, ready: Ready
) -> Callable[[], bool]:
    is_first = True

    def ask() -> bool:
        nonlocal is_first
        beats.beat(clock.now())
        if is_first:
            is_first = False
            ready()
        return is_stopped()

    return ask


def _bury(doors: Doors, store: Store, clock: Clock) -> None:
    """Settle what died with this home's last scheduler, for we have its doors: its lease, and hosts that are gone.

    Without this a scheduler that is started again would wait for leases that nobody can renew any more.
    """
    from windward.engine.scheduler import LEASE

    bury_dead_hosts(doors.folder, store.hosts.delete_host)
    last = doors.last_scheduler()
    if not last:
        return
    now = clock.now()
    guard = store.leases.take_lease(LEASE, last, now=now, until=now)
    if guard is not None:
        store.leases.release_lease(guard)
