"""The DAG processor component."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windward.app.console import log_to_stderr
from windward.app.process import Ready, exit_code_of, is_ready, report_on_signal, stop_on_signals
from windward.ports.clock import SystemClock
from windward.settings import Settings

if TYPE_CHECKING:
    from windward.app.session import Session


def run_dag_processor(settings: Settings, *, ready: Ready = is_ready) -> None:
    """Run a DAG processor in this process until SIGTERM or SIGINT."""
    from windward.app.files import code_store, large_values
    from windward.app.metrics import open_metrics
    from windward.app.session import opened_store
    from windward.app.wakeup import open_wakeup
    from windward.processor.processor import open_processor, run_processor

    stop = stop_on_signals()
    store = opened_store(settings)
    report_on_signal(store)
    clock = SystemClock()
    metrics = open_metrics(settings.metrics, store.hosts, clock, kind="processor")
    try:
        ready()
        wakeup = open_wakeup(settings, store)
        code = code_store(settings)
        large = large_values(settings)
        processor = open_processor(settings, store, wakeup, clock, code=code, metrics=metrics, large=large)
        run_processor(processor, stop)
    finally:
        if metrics is not None:
            metrics.close()
        store.close()


def main(session: Session) -> int:
    """Run `windward processor`; return the exit code."""
    settings = session.prepared
    log_to_stderr(settings.logging, component="processor")
    return exit_code_of(lambda: run_dag_processor(settings))
