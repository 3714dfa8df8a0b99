"""The worker host component. Never loads the database: it talks to the scheduler only."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from windward.app.console import log_to_stderr
from windward.app.process import exit_code_of
from windward.executors.doors import scheduler_socket
from windward.settings import Settings

if TYPE_CHECKING:
    from windward.app.log_shipper import Shipping
    from windward.app.session import Session


def run_worker_host(settings: Settings) -> None:
    """Run a worker host in this process until SIGTERM or SIGINT, or until the scheduler tells it to stop."""
    from windward.app.files import code_store, large_values
    from windward.app.host_locks import hold_host_lock
    from windward.runner.host import run_host
    from windward.runner.options import HostOptions
    from windward.sdk import extensions
    from windward.sdk.setting_up import set_up

    set_up(settings, is_worker=True)
    extensions.look_up()
    shipping = _shipping(settings)
    options = HostOptions.from_settings(
        settings,
        socket_path=scheduler_socket(settings.run_folder),
        code_store=code_store(settings),
        large_values=large_values(settings),
        **({"log_done": shipping.done} if shipping is not None else {}),
    )
    with hold_host_lock(settings.run_folder, options.host_id):
        try:
            run_host(options)
        finally:
            if shipping is not None:
                shipping.close()


def _shipping(settings: Settings) -> Shipping | None:
    """Start the process that copies logs, if the settings ask for copies."""
    logging = settings.logging
    if not (logging.remote_logging and logging.remote_base_log_folder):
        return None
    from windward.app.log_shipper import Shipping as Started

    shipping = Started(
        logging.base_log_folder, logging.remote_base_log_folder, deletes=logging.delete_local_logs
    )
    shipping.start()
    return shipping


def main(session: Session) -> int:
    """Run `windward worker host`; return the exit code."""
    settings = session.prepared
    log_to_stderr(settings.logging, component="worker")
    return exit_code_of(lambda: run_worker_host(settings))


if __name__ == "__main__":
    from windward.app.session import Session as OwnSession

    sys.exit(main(OwnSession(os.environ)))
