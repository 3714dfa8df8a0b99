"""The triggerer component. Never loads the database: it talks to the scheduler only."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Never

from windward.app.console import log_to_stderr
from windward.app.process import exit_code_of
from windward.errors import UserError
from windward.executors.doors import scheduler_socket
from windward.settings import Settings, TriggererSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windward.app.session import Session

IDLE = "WINDWARD_TRIGGERER_IDLE_S"
"""Environment variable of a triggerer that somebody starts when it is needed: it ends when it was not for so long."""


def run_triggerer_host(settings: Settings, *, idle_s: float | None) -> None:
    """Run a triggerer in this process until SIGTERM or SIGINT, or until the scheduler tells it to stop."""
    from windward.app.files import large_values
    from windward.app.host_locks import hold_host_lock
    from windward.sdk import defaults, xcom_backend
    from windward.triggerer.options import TriggererOptions
    from windward.triggerer.streams import StreamLimits
    from windward.triggerer.triggerer import run_triggerer

    defaults.configure(defaults.from_settings(settings.core, settings.scheduler))
    xcom_backend.configure(settings.core.xcom_backend)
    options = TriggererOptions(
        socket_path=scheduler_socket(settings.run_folder),
        code_folders=(settings.core.dags_folder, settings.home / "plugins"),
        log_folder=settings.logging.base_log_folder,
        large_values=large_values(settings),
        capacity=settings.triggerer.capacity,
        queues=settings.triggerer.queues,
        heartbeat_s=settings.triggerer.heartbeat_s,
        blocked_warn_s=settings.triggerer.blocked_warn_s,
        blocked_max_s=settings.triggerer.blocked_max_s,
        on_kill_s_max=settings.triggerer.on_kill_timeout_s,
        streams=StreamLimits(
            queue_size=settings.triggerer.shared_stream_subscriber_queue_size,
            ack_timeout_s=settings.triggerer.shared_stream_ack_timeout_s,
            cohort_grace_s=settings.triggerer.shared_stream_cohort_grace_period_s,
        ),
        log_level=logging.getLevelNamesMapping().get(settings.logging.logging_level.upper(), logging.INFO),
        idle_s=idle_s,
        begin_anew=lambda: begin_anew(os.environ),
    )
    settings.run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with hold_host_lock(settings.run_folder, options.host_id):
        run_triggerer(options)


def begin_anew(environ: Mapping[str, str]) -> Never:
    """Become a fresh triggerer: small, and with nothing of what this process has loaded."""
    os.execve(sys.executable, [sys.executable, "-P", "-m", "windward.app.triggerer"], dict(environ))  # noqa: S606


def main(session: Session) -> int:
    """Run `windward triggerer`; return the exit code."""
    settings = session.prepared
    log_to_stderr(settings.logging, component="triggerer")
    if settings.triggerer.queues != TriggererSettings.queues and not settings.triggerer.queues_enabled:
        raise UserError(
            "a triggerer cannot serve queues while triggers have none",
            hint="Set `[triggerer] queues_enabled = true` for the scheduler too, or leave `--queues` out.",
        )
    idle_s = session.environ.get(IDLE)
    return exit_code_of(
        lambda: run_triggerer_host(settings, idle_s=float(idle_s) if idle_s is not None else None)
    )


if __name__ == "__main__":
    from windward.app.session import Session as OwnSession

    sys.exit(main(OwnSession(os.environ)))
