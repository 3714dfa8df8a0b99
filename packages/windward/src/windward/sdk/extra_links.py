"""Links that an operator shows: its own, and those that plugins give to its class or to all."""

from __future__ import annotations

from typing import Any

from windward.sdk import extensions


def links_of(task: Any) -> list[Any]:
    """Return the links of a task; a plugin's only when no other of that name is nearer: own, of its class, of all."""
    found, loaded = list(getattr(task, "operator_extra_links", None) or ()), extensions.current()
    if not (loaded.links or loaded.global_links):
        return found
    kind = getattr(task, "operator_class", None)
    kind = kind if isinstance(kind, type) else type(task)
    of_class = (link for link in loaded.links if kind in getattr(link, "operators", ()))
    names = {_name(link) for link in found}
    for link in (*of_class, *loaded.global_links):
        if _name(link) not in names:
            names.add(_name(link))
            found.append(link)
    return found


def _name(link: Any) -> str:
    return str(getattr(link, "name", link))
