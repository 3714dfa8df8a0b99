"""The parts of the SDK that every attempt uses, loaded before templates are forked so that all of them share it."""

from __future__ import annotations

import importlib

_PARTS = (
    "windward.sdk.collect",
    "windward.sdk.context",
    "windward.sdk.serde",
    "windward.sdk.templating",
    "windward.sdk.exceptions",
)


def load() -> None:
    """Import them."""
    for name in _PARTS:
        importlib.import_module(name)
