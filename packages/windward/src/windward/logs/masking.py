"""What a log needs of whoever knows the secrets. The secrets themselves are told and kept elsewhere."""

from __future__ import annotations

from typing import Any, Protocol


class Masker(Protocol):
    """Hides secrets."""

    def mask(self, text: str) -> str:
        """Return the text without secrets."""

    def redact(self, value: Any) -> Any:
        """Return a plain value (text, list, dict) without secrets and without what telling names hold."""
