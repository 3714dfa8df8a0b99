"""Documents to bytes and back, and the hash that names them.

The encoding is deterministic (sorted keys), so that an unchanged DAG has an unchanged hash.
"""

from __future__ import annotations

import hashlib

import msgspec

from windward.document.dag import SCHEMA_VERSION, DagDocument
from windward.errors import UserError

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(DagDocument)


def encode(document: DagDocument) -> bytes:
    """Return the document as JSON bytes, the same bytes for the same document."""
    return _ENCODER.encode(document)


def decode(data: bytes | str) -> DagDocument:
    """Read a document; raise `UserError` when it was written by a newer Windward or is damaged."""
    try:
        document = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(
            f"a serialized DAG cannot be read: {error}",
            hint="Run `windward dags reserialize` to write it anew from its file.",
        ) from error
    if document.schema_version > SCHEMA_VERSION:
        raise UserError(
            f"DAG `{document.dag_id}` was serialized by a newer version (schema {document.schema_version})",
            hint="Upgrade this component, or run `windward dags reserialize`.",
        )
    return document


def content_hash(data: bytes) -> str:
    """Return the name of an encoded document: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:32]
