"""Answers to requests: a body as bytes, its tag, and the headers that all have."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from windward.api.contract.operation import Operation, Reply
from windward.api.contract.ready import Ready, etag_of

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_JSON = "application/json"
_OF_READS = "private, no-cache"
"""May be kept, and is asked for again each time."""
_USUAL_HEADERS = tuple(
    (name.encode("latin-1"), value.encode("latin-1"))
    for name, value in {**HEADERS, "cache-control": _OF_READS, "content-type": _JSON}.items()
)


def bodied(operation: Operation, reply: Reply, known_etag: str | None) -> Response:
    """Return what a handler replies as it is sent; to who has it already, that it is as it was."""
    status = reply.status or operation.status
    headers = {**HEADERS, **reply.headers}
    if status in {204, 304} or (reply.body is None and operation.reply is None):
        return Response(status_code=status, headers=headers)
    body = reply.body
    if isinstance(body, Ready):
        raw = body.raw
    else:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    if not operation.changes and status == 200:
        etag = body.etag if isinstance(body, Ready) else etag_of(raw)
        headers.setdefault("etag", etag)
        headers["cache-control"] = _OF_READS
        if known_etag is not None and _is_known(etag, known_etag):
            return Response(status_code=304, headers=headers)
        if not reply.headers and reply.media_type == _JSON:
            return _usual(raw, etag)
    return Response(raw, status_code=status, headers=headers, media_type=reply.media_type)


def _is_known(etag: str, known: str) -> bool:
    """Whether `If-None-Match` names a tag; a proxy that packs answers makes weak ones of ours (RFC 9110, 13.1.2)."""
    return known.strip() == "*" or etag in (one.strip().removeprefix("W/") for one in known.split(","))


def _usual(raw: bytes, etag: str) -> Response:
    """Return what most reads are answered with: its headers are encoded already."""
    response = Response()
    response.body = raw
    response.raw_headers = [
        *_USUAL_HEADERS,
        (b"etag", etag.encode("latin-1")),
        (b"content-length", b"%d" % len(raw)),
    ]
    return response


def of_json(body: object, status: int, headers: dict[str, str]) -> Response:
    """Return an answer of JSON."""
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        headers={**HEADERS, **headers},
        media_type=_JSON,
    )
