"""SHA-256 from the interpreter's own small module: `hashlib` maps the whole of libcrypto, and each child pays for that."""

from __future__ import annotations

import importlib
from typing import Any


def sha256(data: bytes = b"") -> Any:
    """Return a hash object as `hashlib.sha256` does."""
    return _module().sha256(data)


def _module() -> Any:
    for name in ("_sha2", "_sha256"):  # Python 3.12 renamed it
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return importlib.import_module("hashlib")
