"""What a triggerer is told at its start: one frozen value, made from settings by the composition root."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from windward.sdk.bridge import LargeValues
from windward.triggerer.streams import StreamLimits


def _exit() -> None:
    os._exit(75)


@dataclass(frozen=True, kw_only=True)
class TriggererOptions:
    """Options of one triggerer. Durations are seconds."""

    socket_path: Path
    """The scheduler's listening socket."""
    code_folders: tuple[Path, ...]
    """Where trigger classes are imported from, besides what is installed."""
    log_folder: Path
    large_values: LargeValues | None = None
    host_id: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
    )
    hostname: str = field(default_factory=socket.gethostname)
    capacity: int = 1000
    queues: tuple[str, ...] = ("default",)
    """Queues of tasks whose triggers may run here."""
    heartbeat_s: float = 5.0
    log_level: int = 20
    blocked_warn_s: float = 0.5
    """A trigger that keeps the event loop for longer is named in the log."""
    blocked_max_s: float = 60.0
    """One that keeps it for longer fails its task, and the process begins anew for the sake of the others."""
    on_kill_s_max: float = 30.0
    cleanup_s_max: float = 10.0
    streams: StreamLimits = field(default_factory=StreamLimits)
    """What holds for streams that triggers share."""
    idle_s: float | None = None
    """The triggerer ends after this long without a trigger; None: it stays."""
    begin_anew: Callable[[], None] = _exit
    """Replace this process by a new one; called when its event loop is lost."""
