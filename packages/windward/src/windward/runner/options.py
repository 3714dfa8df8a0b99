"""What a worker host is told at its start: one frozen value, made from settings by the composition root."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from windward.ports.files import CodeStore
from windward.sdk.bridge import LargeValues

if TYPE_CHECKING:
    from windward.settings.sections import (
        Settings,
    )  # its package reads files and keys: templates carry none of it

MEGABYTE = 1024 * 1024


def _forget(_path: str) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class HostOptions:
    """Options of one worker host. Durations are seconds, sizes bytes."""

    socket_path: Path
    """The scheduler's listening socket."""
    dags_folder: Path
    log_folder: Path
    plugins_folder: Path | None = None
    """Modules in it can be imported by DAG files."""
    log_done: Callable[[str], None] = _forget
    """Called with the path of the log of each attempt that has ended; must not block."""
    code_store: CodeStore | None = None
    """None: the files in the DAG folder are run as they are."""
    large_values: LargeValues | None = None
    host_id: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
    )
    hostname: str = field(default_factory=socket.gethostname)
    capacity: int = 32
    queues: tuple[str, ...] = ("default",)
    heartbeat_s: float = 5.0
    kill_grace_s: float = 60.0
    """Time between SIGTERM and SIGKILL."""
    success_overtime_s: float = 20.0
    """How long the process of an attempt that has succeeded may live on."""
    callbacks_s_max: float = 600.0
    """How long callbacks may run after the end of an attempt was reported."""
    callback_s_max: float = 0.0
    """How long a callback in a process of its own may run; 0 is for ever."""
    import_s_max: float = 30.0
    templates_max: int = 16
    template_memory_bytes_max: int = 1024 * MEGABYTE
    template_idle_s: float = 600.0
    spare_s: float = 10.0
    """How long a child that was forked ahead waits for work; 0 makes none."""
    warm_children_max: int = 4
    warm_attempts_max: int = 1000
    warm_memory_bytes_max: int = 512 * MEGABYTE
    log_level: str = "INFO"
    default_impersonation: str = ""
    """User that tasks run as which name none; empty for the worker's own."""
    rendered_characters_max: int = 4096

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        socket_path: Path,
        code_store: CodeStore | None = None,
        large_values: LargeValues | None = None,
        log_done: Callable[[str], None] = _forget,
    ) -> HostOptions:
        """Return the options that the settings say."""
        workers = settings.workers
        return cls(
            socket_path=socket_path,
            dags_folder=settings.core.dags_folder,
            log_folder=settings.logging.base_log_folder,
            plugins_folder=settings.home / "plugins",
            code_store=code_store,
            large_values=large_values,
            log_done=log_done,
            capacity=workers.concurrency or settings.core.parallelism,
            queues=workers.queues,
            heartbeat_s=workers.heartbeat_s,
            kill_grace_s=settings.core.killed_task_cleanup_time_s,
            success_overtime_s=settings.core.task_success_overtime_s,
            callbacks_s_max=settings.callbacks.callback_execution_timeout_s or cls.callbacks_s_max,
            callback_s_max=settings.callbacks.callback_execution_timeout_s,
            import_s_max=settings.processor.dagbag_import_timeout_s,
            templates_max=workers.templates_max,
            template_memory_bytes_max=workers.template_memory_mb_max * MEGABYTE,
            warm_children_max=workers.warm_children_max,
            warm_attempts_max=workers.warm_attempts_max,
            warm_memory_bytes_max=workers.warm_memory_mb_max * MEGABYTE,
            log_level=settings.logging.logging_level,
            default_impersonation=settings.core.default_impersonation,
        )
