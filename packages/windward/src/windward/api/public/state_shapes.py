"""The shapes of small values that are kept, and what a value may be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from windward.api.contract.operation import Call
from windward.api.contract.paging import OffsetQuery
from windward.api.contract.problem import InvalidRequest
from windward.api.public.xcoms import NOT_MAPPED, MapIndex
from windward.model.writers import WriterKind, writer_of
from windward.ports.listings.states import AssetStateRow, TaskStateRow

BY_SETTING = "default"


class TaskStateStoreResponse(msgspec.Struct, kw_only=True):
    """A value of a task instance."""

    key: str
    value: Any
    updated_at: datetime
    expires_at: datetime | None


class TaskStateStoreCollectionResponse(msgspec.Struct, kw_only=True):
    """Values of a task instance."""

    task_state_store: list[TaskStateStoreResponse]
    total_entries: int


class TaskStateStoreBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A value to keep: until a moment, for ever (null), or as long as the settings say (`default`)."""

    value: Any
    expires_at: str | None = BY_SETTING


class TaskStateStorePatchBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A new value; it is kept as long as the old one."""

    value: Any


class TaskStatesQuery(OffsetQuery, kw_only=True):
    """Of which instance."""

    map_index: MapIndex = NOT_MAPPED


class ClearTaskStatesQuery(msgspec.Struct, kw_only=True):
    """Of which instance, or of all of the task."""

    map_index: MapIndex = NOT_MAPPED
    all_map_indices: bool = False


class AssetStateStoreLastUpdatedBy(msgspec.Struct, kw_only=True):
    """Who wrote a value."""

    kind: WriterKind
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None


class AssetStateStoreResponse(msgspec.Struct, kw_only=True):
    """A value of an asset."""

    key: str
    value: Any
    updated_at: datetime
    last_updated_by: AssetStateStoreLastUpdatedBy | None = None


class AssetStateStoreCollectionResponse(msgspec.Struct, kw_only=True):
    """Values of an asset."""

    asset_state_store: list[AssetStateStoreResponse]
    total_entries: int


class AssetStateStoreBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A value to keep."""

    value: Any


def task_state_response(row: TaskStateRow) -> TaskStateStoreResponse:
    """Return a value of a task instance as the API shows it."""
    return TaskStateStoreResponse(
        key=row.key, value=_decoded(row.value), updated_at=row.set_at, expires_at=row.expires_at
    )


def asset_state_response(row: AssetStateRow, *, shows: bool) -> AssetStateStoreResponse:
    """Return a value of an asset as the API shows it; a writer that the caller may not see is only of a kind."""
    writer = writer_of(row.by)
    return AssetStateStoreResponse(
        key=row.key,
        value=_decoded(row.value),
        updated_at=row.set_at,
        last_updated_by=AssetStateStoreLastUpdatedBy(
            kind=writer.kind,
            dag_id=writer.dag_id if shows else None,
            run_id=writer.run_id if shows else None,
            task_id=writer.task_id if shows else None,
            map_index=writer.map_index if shows else None,
        ),
    )


def kept_value(call: Call[Any, Any], value: Any) -> Any:
    """Return a value that may be kept.

    Raises:
        InvalidRequest: when it is null, or longer than the settings allow.
    """
    if value is None:
        raise InvalidRequest.of(("body", "value"), kind="value_error", message="value cannot be null")
    most = call.services.settings.state_store.max_value_storage_bytes
    size = len(msgspec.json.encode(value))
    if 0 < most < size:
        raise InvalidRequest.of(
            ("body", "value"),
            kind="value_error",
            message=f"has {size} bytes, more than `[state_store] max_value_storage_bytes` ({most})",
        )
    return value


def moment_named(text: str) -> datetime:
    """Return the moment that a text names.

    Raises:
        InvalidRequest: when it names none, or has no zone.
    """
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidRequest.of(
            ("body", "expires_at"),
            kind="datetime_parsing",
            message=f"is neither a moment with a zone, nor null, nor `{BY_SETTING}`",
            given=text,
        )
    return moment


def _decoded(text: str) -> Any:
    """Return a value; a text that is not quite JSON (such as of `NaN`, which tasks may keep) as it is."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
