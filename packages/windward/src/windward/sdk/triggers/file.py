"""Triggers that wait for files (`airflow.providers.standard.triggers.file`)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Hashable
from pathlib import Path
from typing import Any

from windward.sdk.found_files import find_files
from windward.sdk.triggers.base import BaseEventTrigger, BaseTrigger, TriggerEvent


class FileTrigger(BaseTrigger):
    """Waits until a file, or a file in a folder, matches `filepath`, a path or glob; its event's payload is True."""

    def __init__(
        self,
        filepath: str,
        recursive: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        poke_interval: float = 5.0,
        **_more: Any,
    ) -> None:
        super().__init__()
        self.filepath = filepath
        self.recursive = recursive
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""
        return (
            f"{FileTrigger.__module__}.{FileTrigger.__name__}",
            {"filepath": self.filepath, "recursive": self.recursive, "poke_interval": self.poke_interval},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look now and then."""
        # File systems block, and a network's may for long: the event loop belongs to others, too.
        while not await asyncio.to_thread(find_files, self.filepath, recursive=self.recursive):  # noqa: ASYNC110
            await asyncio.sleep(self.poke_interval)
        yield TriggerEvent(True)


class FileDeleteTrigger(BaseEventTrigger):
    """Waits until a file is there, and deletes it: each file is one event of an asset."""

    def __init__(self, filepath: str, poke_interval: float = 5.0, **_more: Any) -> None:
        super().__init__()
        self.filepath = filepath
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""
        return (
            f"{FileDeleteTrigger.__module__}.{FileDeleteTrigger.__name__}",
            {"filepath": self.filepath, "poke_interval": self.poke_interval},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look now and then; delete what is there and say so, for ever."""
        while True:
            if await asyncio.to_thread(_delete, self.filepath):
                yield TriggerEvent(True)
            await asyncio.sleep(self.poke_interval)


class DirectoryFileDeleteTrigger(BaseEventTrigger):
    """Waits until a file of that name is in a folder, and deletes it: each file is one event of an asset.

    Triggers that wait in one folder at the same pace share one reader, which lists the folder once for all of them. A
    folder that is not there yet is waited for; one that cannot be read fails the trigger.
    """

    def __init__(self, *, directory: str, filename: str, poke_interval: float = 5.0) -> None:
        super().__init__()
        self.directory = directory
        self.filename = filename
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path of the class and the arguments that make this trigger again."""
        return (
            f"{DirectoryFileDeleteTrigger.__module__}.{DirectoryFileDeleteTrigger.__name__}",
            {"directory": self.directory, "filename": self.filename, "poke_interval": self.poke_interval},
        )

    def shared_stream_key(self) -> Hashable | None:
        """Return the folder, however it was spelt, and the pace."""
        return ("directory", os.path.realpath(self.directory), self.poke_interval)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Yield the names in the folder, again and again."""
        while True:
            yield await asyncio.to_thread(_names_in, kwargs["directory"])
            await asyncio.sleep(kwargs["poke_interval"])

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Delete the file whenever it is there, and say which it was."""
        path = Path(self.directory, self.filename)
        async for names in shared_stream:
            if self.filename in names and await asyncio.to_thread(_delete, str(path)):
                yield TriggerEvent({"filepath": str(path)})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look alone, where nothing is shared."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event


def _names_in(directory: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(directory))  # noqa: PTH208 - names alone are wanted
    except FileNotFoundError:
        return frozenset()


def _delete(path: str) -> bool:
    """Delete a file; whether it was there. Of several that try, one succeeds."""
    try:
        Path(path).unlink()
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        return False
    return True
