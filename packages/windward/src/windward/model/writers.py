"""Who wrote a value that is kept of an asset. It is stored as text: JSON, or `dag.task` of before this was kept."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class WriterKind(StrEnum):
    """What wrote it."""

    TASK = "task"
    WATCHER = "watcher"
    API = "api"


class StateWriter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who wrote it: a task instance, or a person (`user`)."""

    kind: WriterKind
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    user: str | None = None


def writer_text(writer: StateWriter) -> str:
    """Return what is stored of a writer."""
    return msgspec.json.encode(writer).decode()


def writer_of(text: str) -> StateWriter:
    """Return the writer that a text names; of one of before, only that it was a task."""
    try:
        return msgspec.json.decode(text, type=StateWriter)
    except msgspec.MsgspecError:
        return StateWriter(kind=WriterKind.TASK)


def described_writer(text: str) -> str:
    """Return how people name the writer."""
    try:
        writer = msgspec.json.decode(text, type=StateWriter)
    except msgspec.MsgspecError:
        return text
    if writer.kind is WriterKind.API:
        return writer.user or str(writer.kind)
    return f"{writer.dag_id}.{writer.task_id}"
