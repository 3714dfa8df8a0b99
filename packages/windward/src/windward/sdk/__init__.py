"""What authors import. The public names are listed in `windward.sdk.names`; no database, no server code."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name.startswith("__"):
        raise AttributeError(name)
    from windward.sdk.names import resolve  # importing the package alone imports nothing

    if name == "dag":
        # The module of that name, which can be called as the decorator: a package has one attribute `dag`.
        from importlib import import_module

        return import_module("windward.sdk.dag")
    value = globals()[name] = resolve(name, package=__name__)
    return value


def __dir__() -> list[str]:
    """Return the public names too."""
    from windward.sdk.names import PUBLIC

    return sorted({*globals(), *PUBLIC})
