"""The serialized DAG: a versioned JSON document. Written by the processor, read by everyone else."""

from __future__ import annotations

from windward.document.assets import AliasDocument, AssetDocument, WatcherDocument
from windward.document.codec import content_hash, decode, encode
from windward.document.dag import (
    SCHEMA_VERSION,
    DagDocument,
    DeadlineDocument,
    EdgeDocument,
    GroupDocument,
    ParamDocument,
    StartTrigger,
    TaskDocument,
)
from windward.document.expansion import (
    INSTANCES_MAX,
    ConcatLength,
    Expansion,
    Length,
    LiteralLength,
    XComLength,
    ZipLength,
)

__all__ = [
    "INSTANCES_MAX",
    "SCHEMA_VERSION",
    "AliasDocument",
    "AssetDocument",
    "ConcatLength",
    "DagDocument",
    "DeadlineDocument",
    "EdgeDocument",
    "Expansion",
    "GroupDocument",
    "Length",
    "LiteralLength",
    "ParamDocument",
    "StartTrigger",
    "TaskDocument",
    "WatcherDocument",
    "XComLength",
    "ZipLength",
    "content_hash",
    "decode",
    "encode",
]
