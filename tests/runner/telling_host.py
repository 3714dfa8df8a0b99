"""A worker host that writes down which logs it tells to be complete, and how many bytes each had then."""

import argparse
from pathlib import Path

from windward.runner.host import run_host
from windward.runner.options import HostOptions


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True)
    found = parser.parse_args()

    def tell(path: str) -> None:
        log = Path(path)
        with (found.home / "told").open("a") as told:
            told.write(f"{log.stat().st_size} {log.relative_to(found.home / 'logs')}\n")

    run_host(
        HostOptions(
            socket_path=found.socket,
            dags_folder=found.home / "dags",
            log_folder=found.home / "logs",
            heartbeat_s=0.1,
            kill_grace_s=20.0,
            spare_s=0.0,
            log_done=tell,
        )
    )


if __name__ == "__main__":
    main()
