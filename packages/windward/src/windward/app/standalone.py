"""`windward standalone`: everything in one terminal, under one supervisor.

Theory of operation: the worker host is a fresh interpreter, because it must never hold the database, and forks again
for every task, which costs by each page that it holds. Then the libraries that the other components share are loaded
once, the database is made or migrated, and the others are forked: what they share stays shared memory.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import windward
from windward.app.console import log_to_stderr
from windward.app.process import exit_code_of
from windward.errors import SettingsError
from windward.executors.doors import Doors, open_doors
from windward.settings import Settings

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.app.supervisor import Component, Supervisor

log = logging.getLogger("windward.standalone")
LOCK = "standalone.lock"
TRIGGERER = "triggerer"
TRIGGERER_IDLE_S = 300.0
"""The triggerer is started with the first trigger, and ends when there was none for so long."""


def main(session: Session) -> int:
    """Run everything until Ctrl-C; return the exit code."""
    began = time.monotonic()
    gc.disable()  # what is loaded now is no garbage, and looking for some takes a tenth of the start
    settings = session.prepared
    log_to_stderr(settings.logging, component="standalone")
    if settings.metrics.otel_on:
        from windward.app.metrics import check_metrics

        check_metrics(settings.metrics, session.environ)
    lock = _locked(settings)
    from windward.api.listen import address_of, listen

    listener = listen(settings.api)
    try:
        doors = open_doors(settings.run_folder)
    except BaseException:
        listener.close()
        raise
    try:
        standalone = _Standalone(session, settings, doors, listener, lock)
        return standalone.run(address_of(listener), began=began)
    finally:
        doors.close()
        listener.close()
        (settings.run_folder / LOCK).unlink(missing_ok=True)
        os.close(lock)


class _Standalone:
    """The components of one home, and what each may keep of this process."""

    def __init__(
        self, session: Session, settings: Settings, doors: Doors, listener: socket.socket, lock: int
    ) -> None:
        self._session = session
        self._settings = settings
        self._doors = doors
        self._listener = listener
        self._lock = lock

    def run(self, address: str, *, began: float) -> int:
        """Start everything, say so, and supervise."""
        from windward.app.supervisor import Component, Supervisor

        settings = self._settings
        supervisor = Supervisor(grace_s=settings.core.killed_task_cleanup_time_s)
        worker = Component(name="worker", start=self._worker, drains=True)
        supervisor.start(worker, waits_for_ready=False)
        try:
            made = self._warm_up()
        except BaseException:
            supervisor.abandon()
            raise
        for component in self._components(supervisor):
            supervisor.start(component)
        supervisor.offer(Component(name=TRIGGERER, start=self._triggerer, is_on_demand=True))
        _greet(settings, address, database=made)
        supervisor.on_ready = lambda: _say(f"  ready in {time.monotonic() - began:.1f} s · Ctrl-C stops\n")
        return supervisor.run()

    def _components(self, supervisor: Supervisor) -> list[Component]:
        from windward.app.supervisor import Component

        def ready(name: str) -> partial[None]:
            return partial(supervisor.tell_ready, name)

        return [
            Component(
                name="scheduler",
                start=partial(self._scheduler, ready("scheduler"), partial(supervisor.ask_for, TRIGGERER)),
                drain_signal=signal.SIGUSR1,
            ),
            Component(name="processor", start=partial(self._processor, ready("processor"))),
            Component(name="api-server", start=partial(self._api_server, ready("api-server"))),
        ]

    def _warm_up(self) -> str:
        """Load what the components share, bring the database up to date, and set the memory aside for sharing."""
        from windward.app.database import migrate

        database = migrate(self._settings)
        gc.collect()
        gc.freeze()
        gc.enable()
        return database

    # Each of these is the whole life of a child process.

    def _worker(self) -> int:
        environ = {**self._session.environ, "WINDWARD_HOME": str(self._settings.home)}
        os.execve(sys.executable, [sys.executable, "-P", "-m", "windward.app.worker_host"], environ)  # noqa: S606

    def _triggerer(self) -> int:
        """Begin anew as a small process: user code runs there, and it must never hold the database."""
        from windward.app.triggerer import IDLE, begin_anew

        environ = {**self._session.environ, "WINDWARD_HOME": str(self._settings.home)}
        begin_anew({IDLE: str(TRIGGERER_IDLE_S), **environ})

    def _scheduler(self, ready: partial[None], ask_for_triggerer: partial[None]) -> int:
        from windward.app.scheduler import run_scheduler

        self._keep(component="scheduler", doors=True)
        return exit_code_of(
            lambda: run_scheduler(
                self._settings, doors=self._doors, ready=ready, ask_for_triggerer=ask_for_triggerer
            )
        )

    def _processor(self, ready: partial[None]) -> int:
        from windward.app.processor import run_dag_processor

        self._keep(component="processor")
        return exit_code_of(lambda: run_dag_processor(self._settings, ready=ready))

    def _api_server(self, ready: partial[None]) -> int:
        from windward.app.api_server import run_api_server

        self._keep(component="api-server", listener=True)
        return exit_code_of(lambda: run_api_server(self._settings, listener=self._listener, ready=ready))

    def _keep(self, *, component: str, doors: bool = False, listener: bool = False) -> None:
        """Name this process, and close what belongs to others: what a child keeps open outlives the supervisor."""
        from setproctitle import setproctitle

        setproctitle(f"windward {component}")
        log_to_stderr(self._settings.logging, component=component)
        os.close(self._lock)
        if not doors:
            self._doors.leave()
        if not listener:
            self._listener.close()


def _locked(settings: Settings) -> int:
    """Lock the home; return the open file.

    Raises:
        SettingsError: when `windward standalone` runs on this home already.
    """
    path: Path = settings.run_folder / LOCK
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise SettingsError(
                f"`windward standalone` runs on the home `{settings.home}` already, as process {pid or '?'}",
                hint="Stop that one, or set `WINDWARD_HOME` (and `WINDWARD__API__PORT`) to have a second one beside it.",
            ) from error
        try:
            is_ours = path.stat().st_ino == os.fstat(descriptor).st_ino
        except FileNotFoundError:
            is_ours = False
        if is_ours:
            break
        os.close(descriptor)  # its last owner took the file away between our two calls
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _greet(settings: Settings, address: str, *, database: str) -> None:
    """Say where everything is; the first time with the first user's password, and a link to sign in with."""
    lines = [
        "",
        f"  Windward {windward.__version__}",
        "",
        f"  {address}",
        "",
        f"  home      {settings.home}",
        f"  DAGs      {settings.core.dags_folder}",
        f"  logs      {settings.logging.base_log_folder}",
        f"  database  {database}",
    ]
    _say("\n".join(lines))
    _greet_first_user(settings, address)
    if settings.core.dags_are_paused_at_creation:
        _say("  new DAGs are paused: `windward dags unpause DAG` starts one")
    for warning in settings.warnings:
        log.warning("settings", extra={"warning": warning})


def _greet_first_user(settings: Settings, address: str) -> None:
    from windward.app.entrance import account_desk
    from windward.app.first_user import make_first_user
    from windward.app.session import opened_store
    from windward.ports.auth import BUILT_IN
    from windward.ports.clock import SystemClock

    if settings.api_auth.manager != BUILT_IN:  # nobody could sign in with what is made here
        _say(f"  sign in   as the auth manager `{settings.api_auth.manager}` knows you")
        return
    store = opened_store(settings)
    try:
        desk = account_desk(store.accounts, SystemClock())
        ticket_s = settings.api_auth.ticket_lifetime_s
        made = make_first_user(desk, settings.home, ticket_s=ticket_s)
    finally:
        store.close()
    if made is not None:
        base = (settings.api.base_url or address).rstrip("/")
        _say(f"  sign in   {made.username}, password {made.password} (shown once)")
        _say(f"            or by this link, once, within {ticket_s / 60:.0f} minutes:")
        _say(f"            {base}/login/link?ticket={made.ticket}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - words for the person at the terminal
