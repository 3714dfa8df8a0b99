"""`python -m windward.runner`: a worker host of its own, for tests, benchmarks and hands."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from windward.runner.host import run_host
from windward.runner.options import HostOptions


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m windward.runner", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the scheduler's listening socket")
    parser.add_argument("--home", type=Path, required=True, help="WINDWARD_HOME: logs go below it")
    parser.add_argument("--dags-folder", type=Path, help="default: HOME/dags")
    parser.add_argument("--log-folder", type=Path, help="default: HOME/logs")
    parser.add_argument("--host-id")
    parser.add_argument("--capacity", type=int, default=32)
    parser.add_argument("--heartbeat", type=float, default=5.0, help="seconds between signs of life")
    parser.add_argument("--kill-grace", type=float, default=60.0, help="seconds between SIGTERM and SIGKILL")
    parser.add_argument(
        "--import-limit", type=float, default=30.0, help="seconds that importing a file may take"
    )
    parser.add_argument(
        "--callback-limit", type=float, default=0.0, help="seconds that a callback may take; 0: for ever"
    )
    parser.add_argument("--warm-children", type=int, default=4)
    parser.add_argument("--warm-attempts", type=int, default=1000)
    parser.add_argument("--templates", type=int, default=16)
    parser.add_argument(
        "--spare", type=float, default=10.0, help="seconds a child forked ahead waits; 0: none"
    )
    found = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    named = {"host_id": found.host_id} if found.host_id else {}
    run_host(
        HostOptions(
            socket_path=found.socket,
            dags_folder=found.dags_folder or found.home / "dags",
            log_folder=found.log_folder or found.home / "logs",
            capacity=found.capacity,
            heartbeat_s=found.heartbeat,
            kill_grace_s=found.kill_grace,
            import_s_max=found.import_limit,
            callback_s_max=found.callback_limit,
            warm_children_max=found.warm_children,
            warm_attempts_max=found.warm_attempts,
            templates_max=found.templates,
            spare_s=found.spare,
            **named,
        )
    )


if __name__ == "__main__":
    main()
