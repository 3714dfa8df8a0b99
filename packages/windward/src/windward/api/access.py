"""Who may come in: the first user, by name and password, until accounts come.

The password is kept as an Argon2 hash only. Checking one takes tens of milliseconds on purpose, so an answer is
remembered, as a digest under a key of this process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from pathlib import Path

from starlette.requests import Request

from windward.api.contract.problem import Unauthenticated
from windward.core.access import BUILT_IN_ROLES
from windward.model.access import Principal

REMEMBERED_MAX = 64


class FirstUser:
    """Checks credentials against the file that the first start made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = secrets.token_bytes(32)
        self._remembered: set[bytes] = set()
        self._lock = threading.Lock()

    def admits(self, authorization: str | None) -> bool:
        """Whether an `Authorization: Basic` header names the first user with the right password."""
        given = _basic(authorization)
        if given is None:
            return False
        try:
            text = self._path.read_text(encoding="utf-8")
            user = json.loads(text)
        except (OSError, ValueError):
            return False
        name, password = given
        # With the file's text in it, so that a new password ends what was remembered of the old one.
        digest = hmac.digest(self._key, f"{name}\0{password}\0{text}".encode(), hashlib.sha256)
        with self._lock:  # one check at a time: each takes much memory
            if digest in self._remembered:
                return True
            if name != user.get("username") or not _is_right(user.get("password_hash", ""), password):
                return False
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered.add(digest)
            return True


class FirstUserGate:
    """Lets the first user in, who may do everything."""

    def __init__(self, first_user: FirstUser) -> None:
        self._first_user = first_user

    def admit(self, request: Request) -> Principal | None:
        """Return the first user, if the request names it."""
        given = request.headers.get("authorization")
        if given is None:
            return None
        if not self._first_user.admits(given):
            raise Unauthenticated("Invalid credentials")
        return Principal(user_id="admin", name="admin", roles=("admin",), permissions=BUILT_IN_ROLES["admin"])


def _basic(authorization: str | None) -> tuple[str, str] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def _is_right(password_hash: str, password: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
