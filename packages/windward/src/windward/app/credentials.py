"""Secrets that people and programs show: made by chance, and passwords checked. Nothing is stored here."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSWORD_BYTES = 12


def new_id() -> str:
    """Return an id that says nothing."""
    return secrets.token_hex(16)


def new_secret(prefix: str = "") -> str:
    """Return 256 random bits as text."""
    return prefix + secrets.token_urlsafe(32)


def new_password() -> str:
    """Return a password for somebody who will change it."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


class ArgonPasswords:
    """Implements `Passwords` by Argon2id, one at a time: each check takes 64 MB for some tens of milliseconds."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._given = hasher
        self._lock = threading.Lock()
        self._nobody = ""

    @property
    def _hasher(self) -> PasswordHasher:
        if self._given is None:
            from argon2 import PasswordHasher

            self._given = PasswordHasher()
        return self._given

    def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        with self._lock:
            return self._hasher.hash(password)

    def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password; takes as long when there is none."""
        from argon2.exceptions import InvalidHashError, VerificationError

        with self._lock:
            if password_hash is None:
                if not self._nobody:
                    self._nobody = self._hasher.hash(secrets.token_urlsafe(16))
                password_hash, password = self._nobody, password + "\0"
            try:
                return self._hasher.verify(password_hash, password)
            except (VerificationError, InvalidHashError):
                return False
