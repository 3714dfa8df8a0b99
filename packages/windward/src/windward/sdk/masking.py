"""Secrets that must appear in no log, preview or rendered field of this process, and the mask over them.

Secrets are registered by value: by hand (`mask_secret`), by `Connection` (its password and telling extras) and by
`Variable` (when its name tells). The mask is one compiled pattern, made again only after the set of secrets changed.
What may not live here: where masked text goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, quote_plus

from windward.core.masking import MASK, SENSITIVE_NAMES
from windward.sdk import bridge

SECRET_LENGTH_MIN = 5
"""Unless told otherwise, shorter values are not masked: they would blot out half of every log."""
LINE_LENGTH_MIN = 16
"""From this length on a line of a secret of many lines is a secret of its own: logs are written by lines."""
NAMES_KEPT_MAX = 1000
DEPTH_MAX = 8
"""How deep `redact` looks into nested values."""


class SecretsMasker:
    """A growing set of secrets and the pattern that finds them."""

    length_min: ClassVar[int] = SECRET_LENGTH_MIN
    """Of all maskers of the process."""

    def __init__(self) -> None:
        self.is_enabled = True
        self._names = SENSITIVE_NAMES
        self._told: dict[str, bool] = {}
        """Names that were looked at before, and whether they tell of a secret."""
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._is_stale = False

    def configure(self, *, is_enabled: bool, names: Iterable[str], length_min: int) -> None:
        """Take what the deployment says: whether to mask, further telling names, the least length of a secret."""
        self.is_enabled = is_enabled
        SecretsMasker.length_min = max(length_min, 1)
        self.add_names(names)

    def add_names(self, names: Iterable[str]) -> None:
        """Add names of the deployment to those that tell of a secret."""
        self._names |= {name.strip().lower() for name in names if name.strip()}
        self._told.clear()

    def is_sensitive(self, name: object) -> bool:
        """Whether a value of this name is a secret."""
        if not isinstance(name, str):
            return False
        told = self._told.get(name)
        if told is None:
            lowered = name.strip().lower()
            told = any(telling in lowered for telling in self._names)
            if len(self._told) < NAMES_KEPT_MAX:
                self._told[name] = told
        return told

    def add(self, secret: object, name: str | None = None) -> list[str]:
        """Register a secret, or those inside a dict or list, and return the values that are new.

        With a `name`, only a value with a telling name is a secret; in a dict the keys are the names.
        """
        new = [text for text in _variants(self._plain_secrets(secret, name)) if text not in self._secrets]
        if new:
            self._secrets.update(new)
            self._is_stale = True
        return new

    def _plain_secrets(self, secret: object, name: str | None, depth: int = 0) -> Iterable[str]:
        if depth > DEPTH_MAX or not secret:
            return
        if isinstance(secret, str):
            if len(secret) >= self.length_min and (name is None or self.is_sensitive(name)):
                yield secret
        elif isinstance(secret, bytes):
            yield from self._plain_secrets(secret.decode(errors="replace"), name, depth + 1)
        elif isinstance(secret, Mapping):
            for key, value in secret.items():
                inner = None if name is not None and self.is_sensitive(name) else str(key)
                yield from self._plain_secrets(value, inner, depth + 1)
        elif isinstance(secret, Iterable):
            for value in secret:
                yield from self._plain_secrets(value, name, depth + 1)

    def known(self) -> tuple[str, ...]:
        """Return the secrets in all their forms."""
        return tuple(sorted(self._secrets))

    def mask(self, text: str) -> str:
        """Return the text with every known secret blotted out."""
        if not self._secrets or not self.is_enabled:
            return text
        if self._is_stale:
            longest_first = sorted(self._secrets, key=lambda secret: (-len(secret), secret))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            self._is_stale = False
        assert self._pattern is not None
        return self._pattern.sub(MASK, text)

    def redact(self, value: Any, name: str | None = None, depth: int = 0) -> Any:
        """Return a copy with secrets blotted out in all texts, and whole values under telling names."""
        if not self.is_enabled:
            return value
        if name is not None and value and self.is_sensitive(name) and isinstance(value, str):
            return MASK
        if isinstance(value, str):
            return self.mask(value)
        if depth >= DEPTH_MAX:  # closed by default: nobody reads so deep, and a secret may be there
            return MASK if isinstance(value, dict | list | tuple | set | frozenset) and value else value
        if isinstance(value, dict):
            inner = name if name is not None and self.is_sensitive(name) else None
            return {
                self.mask(key) if isinstance(key, str) else key: self.redact(
                    item, inner or str(key), depth + 1
                )
                for key, item in value.items()
            }
        if type(value) is tuple:
            return tuple(self.redact(item, name, depth + 1) for item in value)
        if isinstance(value, list):
            return [self.redact(item, name, depth + 1) for item in value]
        if isinstance(value, set | frozenset):
            return type(value)(self.redact(item, name, depth + 1) for item in value)
        return value


def _variants(secrets: Iterable[str]) -> list[str]:
    """Return each secret as it looks in plain text, in a URL, in JSON and in a `repr`, and its long lines."""
    found: dict[str, None] = {}
    for secret in secrets:
        lines = [line.strip() for line in secret.splitlines()] if "\n" in secret else []
        for text in (secret, *(line for line in lines if len(line) >= LINE_LENGTH_MIN)):
            quoted = (quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1], repr(text)[1:-1])
            found.update(dict.fromkeys((text, *quoted)))
    return list(found)


MASKER = SecretsMasker()
"""The secrets of this process."""


def mask_secret(secret: object, name: str | None = None) -> None:
    """Keep a secret (or those inside a dict or list) out of all logs from now on."""
    new = MASKER.add(secret, name)
    if new and bridge.has_bridge():
        bridge.current_bridge(purpose="masking a secret").mask(new)


def mask_text(text: str) -> str:
    """Return the text with every known secret blotted out."""
    return MASKER.mask(text)


def redact(value: Any, name: str | None = None) -> Any:
    """Return a copy of the value with every known secret, and every value of a telling name, blotted out."""
    return MASKER.redact(value, name)


def should_hide_value_for_key(name: object) -> bool:
    """Whether a value of this name is a secret."""
    return MASKER.is_sensitive(name)
