"""`FileSensor`: waits for a file or folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from windward.sdk.configuration import conf
from windward.sdk.exceptions import AirflowException
from windward.sdk.found_files import FSHook, find_files
from windward.sdk.sensor import BaseSensorOperator


class FileSensor(BaseSensorOperator):
    """Wait until a file matches `filepath`, a path or glob below the folder of connection `fs_conn_id`.

    A folder counts when there is any file below it. `recursive` lets `**` in the glob cross folders.
    With `deferrable` the wait takes no slot.
    """

    template_fields: Sequence[str] = ("filepath", "fs_conn_id")
    ui_color = "#91818a"

    def __init__(
        self,
        *,
        filepath: str | Path,
        fs_conn_id: str = FSHook.default_conn_name,
        recursive: bool = False,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        trigger_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filepath: Any = str(filepath) if isinstance(filepath, Path) else filepath
        self.fs_conn_id = fs_conn_id
        self.recursive = recursive
        default = conf.getboolean("operators", "default_deferrable", fallback=False)
        # A start without a worker has nowhere to look the connection up: the wait begins in a worker then.
        self.deferrable = (default if deferrable is None else deferrable) or start_from_trigger
        self.trigger_kwargs = dict(trigger_kwargs or {})

    @cached_property
    def hook(self) -> FSHook:
        """The place of the connection."""
        return FSHook(self.fs_conn_id)

    @property
    def path(self) -> str:
        """The path or glob that is looked for."""
        return str(Path(self.hook.get_path() or "/") / self.filepath)

    def poke(self, context: Any) -> bool:
        """Look once."""
        del context
        self.log.info("Poking for file %s", self.path)
        found = find_files(self.path, recursive=self.recursive)
        for path in found:
            self.log.info("Found File %s", path)
        return bool(found)

    def execute(self, context: Any) -> Any:
        """Wait here, or in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        if self.poke(context):
            return None
        from windward.sdk.triggers.file import FileTrigger  # only sensors that defer need it

        return self.defer(
            timeout=timedelta(seconds=self.timeout),
            trigger=FileTrigger(
                filepath=self.path, recursive=self.recursive, poke_interval=self.poke_interval
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Any, event: bool | None = None) -> None:  # noqa: FBT001 - Airflow's signature
        """End as the trigger saw it."""
        del context
        if not event:
            raise AirflowException(f"waiting for file {self.filepath} failed")
        self.log.info("File %s found.", self.filepath)
