"""Tokens that name a DAG file: given out with a DAG, and good for nothing but asking that the file be read again.

They are signed, so that nobody asks for files that they were not shown. They do not expire, as in Airflow: whether
their holder may still ask is looked up at each use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_PURPOSE = b"windward file token 1\0"
_DIGEST_SIZE = 32


def file_token(secret_key: str, fileloc: str) -> str:
    """Return the token of a file."""
    raw = fileloc.encode("utf-8", "surrogateescape")
    return base64.urlsafe_b64encode(_signature(secret_key, raw) + raw).rstrip(b"=").decode()


def file_of_token(secret_key: str, token: str) -> str | None:
    """Return the file that a token names, or None when nobody gave it out."""
    try:
        signed = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
    except (binascii.Error, UnicodeError, ValueError):
        return None
    signature, raw = signed[:_DIGEST_SIZE], signed[_DIGEST_SIZE:]
    if not hmac.compare_digest(signature, _signature(secret_key, raw)):
        return None
    return raw.decode("utf-8", "surrogateescape")


def _signature(secret_key: str, raw: bytes) -> bytes:
    assert secret_key, "the first start makes a key"
    return hmac.new(secret_key.encode(), _PURPOSE + raw, hashlib.sha256).digest()
