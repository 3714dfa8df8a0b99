"""Files in object stores and on disk, by one kind of path. Needs the extra `windward[storage]`.

What lives here: names. What they mean is in `path` and `filesystems`; nothing is imported before it is used.
"""

from __future__ import annotations

from typing import Any

_PLACES = {
    "ObjectStoragePath": "path",
    "ObjectStore": "filesystems",
    "Properties": "filesystems",
    "attach": "filesystems",
    "get_fs": "filesystems",
    "has_fs": "filesystems",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module `{__name__}` has no `{name}`")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


__all__ = list(_PLACES)
