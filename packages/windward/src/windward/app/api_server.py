"""The API server component."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from windward.app.console import log_to_stderr
from windward.app.memory import look_for_garbage_seldom, share_one_arena
from windward.app.process import (
    Ready,
    component_name,
    exit_code_of,
    is_ready,
    report_on_signal,
    stop_on_signals,
)
from windward.ports.clock import SystemClock
from windward.settings import Settings

if TYPE_CHECKING:
    from windward.api.services import Services
    from windward.app.session import Session
    from windward.ports.wakeup import Wakeup
    from windward.store.sql.open import SqlStore


PAGE_CACHE_MB = 2
"""What each connection to SQLite may keep of the file: the server has one for each thread that reads."""


class _Ids:
    """Row ids of runs that tasks of other machines trigger."""

    def __init__(self) -> None:
        from windward.store.ids import SnowflakeIds

        self.next_pk = SnowflakeIds()


def run_api_server(
    settings: Settings, *, listener: socket.socket | None = None, ready: Ready = is_ready
) -> None:
    """Serve in this process until SIGTERM or SIGINT, on `listener` when it is open already."""
    from windward.api.listen import listen
    from windward.api.server import serve
    from windward.app.first_user import take_over_file
    from windward.app.metrics import open_metrics
    from windward.app.session import opened_store, opened_wakeup

    share_one_arena()
    stop = stop_on_signals()
    opened = listener or listen(settings.api)
    clock = SystemClock()
    store = opened_store(settings, page_cache_mb=PAGE_CACHE_MB)
    report_on_signal(store)
    hostname = component_name()
    # There may be several on one machine, and each has an address of its own.
    name = f"{hostname}:{opened.getsockname()[1]}"
    metrics = open_metrics(settings.metrics, store.hosts, clock, kind="api-server", name=name)
    wakeup = opened_wakeup(settings, store)
    services = make_services(settings, store, wakeup, clock)
    take_over_file(services.account_desk, settings.home)

    def begun() -> None:
        look_for_garbage_seldom()
        ready()

    try:
        serve(
            services,
            opened,
            clock=clock,
            name=name,
            hostname=hostname,
            stop=stop,
            ready=begun,
            metrics=metrics,
        )
    finally:
        if metrics is not None:
            metrics.close()
        wakeup.close()
        store.close()


def make_services(settings: Settings, store: SqlStore, wakeup: Wakeup, clock: SystemClock) -> Services:
    """Return what handlers work with."""
    from windward.api.changes import Changes
    from windward.api.connection_tests import ConnectionTests
    from windward.api.execution.tokens import AttemptTokens
    from windward.api.services import Execution, Services
    from windward.app.connection_test import ChildTester
    from windward.app.entrance import account_desk, open_entrance
    from windward.app.files import code_store, large_values, log_store
    from windward.app.installed import InstalledPackages
    from windward.app.plugin_survey import PluginSurvey
    from windward.engine.people.desk import Desk
    from windward.engine.remote import RemoteDoor
    from windward.engine.service import ExecutionService
    from windward.store.ids import SnowflakeIds

    execution = Execution(
        door=RemoteDoor(
            store, ExecutionService(store, _Ids(), wake=wakeup.wake), wakeup, clock, sleep=time.sleep
        ),
        tokens=AttemptTokens(settings.api.secret_key),
        logs=log_store(settings),
        code=code_store(settings),
        values=large_values(settings),
    )
    accounts = account_desk(store.accounts, clock)
    return Services(
        settings=settings,
        store=store,
        listings=store.listings,
        desk=Desk(
            store=store,
            clock=clock,
            wakeup=wakeup,
            next_pk=SnowflakeIds(),
            drops_states=settings.state_store.clear_on_success,
        ),
        account_desk=accounts,
        entrance=open_entrance(settings, accounts),
        now=clock.now,
        execution=execution,
        changes=Changes(store.listings, clock.now),
        connection_tests=ConnectionTests(
            ChildTester(os.environ),
            store.connection_tests,
            is_enabled=settings.core.test_connection == "enabled",
        ),
        installed=InstalledPackages(
            PluginSurvey(settings.home / "plugins", os.environ, monotonic=clock.monotonic)
        ),
    )


def main(session: Session) -> int:
    """Run `windward api-server`; return the exit code."""
    settings = session.prepared
    log_to_stderr(settings.logging, component="api-server")
    return exit_code_of(lambda: run_api_server(settings))
