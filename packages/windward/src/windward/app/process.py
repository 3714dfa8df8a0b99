"""A component's process: how it is told to stop, that it says when it is ready, and what its end means.

Every component may run by itself or below the supervisor of `windward standalone`; here is what differs.
"""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from windward.errors import UnavailableError, UserError
from windward.processor.stop import StopPipe

if TYPE_CHECKING:
    from windward.ports.store import Store

log = logging.getLogger("windward.app")

Ready = Callable[[], None]
"""Called once, when the component does its work."""


def is_ready() -> None:
    """Tell nobody."""


def stop_on_signals(*also: Callable[[], None]) -> StopPipe:
    """Return what SIGTERM and SIGINT set; `also` is called by them too. For the main thread of a process."""
    stop = StopPipe()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for call in also:
            call()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop


def report_on_signal(store: Store) -> None:
    """Log what the store has done since the start whenever SIGUSR2 comes."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        counters = store.runs.counters
        fields = {
            "queries": counters.queries,
            "commits": counters.commits,
            "rows_written": counters.rows_written,
        }
        log.info("store counters", extra=fields)

    signal.signal(signal.SIGUSR2, on_signal)


def exit_code_of(run: Callable[[], None]) -> int:
    """Run a component to its end; log why it failed, and return the exit code of its process."""
    try:
        run()
    except UserError as error:
        log.error(error.message, extra={"hint": error.hint})  # noqa: TRY400 - the person needs no traceback
        return 1
    except UnavailableError as error:
        log.error("database unavailable", extra={"error": str(error)})  # noqa: TRY400 - nothing of ours failed
        return 1
    except Exception:
        log.exception("component failed")
        return 70
    return 0


def component_name() -> str:
    """Return the name of this machine's components in the database."""
    return socket.gethostname()
