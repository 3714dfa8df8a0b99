"""What retention has to know of an encoded document, read without decoding its tasks."""

from __future__ import annotations

import msgspec

from windward.core.retention import DocumentFacts

_DECODER = msgspec.json.Decoder(DocumentFacts)


def facts_of(body: bytes) -> DocumentFacts:
    """Return the facts of a document; one that is damaged has none, and cannot run either."""
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError:
        return DocumentFacts()
