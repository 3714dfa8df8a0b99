"""Secrets at rest: how they are encrypted, and renewed with another key."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from windward.errors import SettingsError


class Cipher:
    """Fernet with several keys: the first one encrypts, all of them decrypt."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise SettingsError(
                "there is no key for secrets at rest",
                hint="Set `[core] fernet_key`; `windward standalone` makes one at its first start.",
            )
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SettingsError(
                "a key for secrets at rest cannot be used",
                hint="`[core] fernet_key` holds keys of 32 bytes in URL-safe base64, newest first, by commas.",
            ) from error

    def seal(self, text: str | None) -> str | None:
        """Encrypt."""
        return None if text is None else self._fernet.encrypt(text.encode()).decode()

    def open(self, token: str | None) -> str | None:
        """Decrypt; raise `SettingsError` when no key fits."""
        if token is None:
            return None
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken as error:
            raise SettingsError(
                "a stored secret was encrypted with another key",
                hint="Add the earlier key behind the new one in `[core] fernet_key`.",
            ) from error

    def renew(self, token: str) -> str:
        """Encrypt again with the first key."""
        return str(self.seal(self.open(token)))
