"""Presets of one's own: timetables that installed packages offer by name, written `schedule="@name"`.

A package offers one by an entry point of the group `windward.timetables`: a class that is made without arguments, a
function that returns a timetable, or a timetable. The `timetables` of plugins that packages offer in the group
`airflow.plugins` go by the names of their classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from windward.errors import UserError
from windward.timetable.cron import OTHER_PRESETS, PRESETS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "windward.timetables"
PLUGIN_GROUP = "airflow.plugins"


def named_timetable(value: Any) -> Any:
    """Return the timetable that a preset of a package stands for; anything else as it is.

    Raises `UserError` when it cannot be made.
    """
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    if value.lower() in {*PRESETS, *OTHER_PRESETS}:
        return value
    from importlib.metadata import entry_points  # few DAGs name a preset of a package

    name = value.removeprefix("@")
    points = entry_points()
    return (
        find_timetable(name, own=points.select(group=GROUP), plugins=points.select(group=PLUGIN_GROUP))
        or value
    )


def find_timetable(name: str, *, own: Iterable[EntryPoint], plugins: Iterable[EntryPoint]) -> Any:
    """Return the timetable of a name, None when no entry point offers it."""
    for point in own:
        if point.name == name:
            return _made(point, point.load)
    for point in plugins:
        for offered in _offered(point):
            if offered.__name__ == name:
                return _made(point, lambda offered=offered: offered)
    return None


def _offered(point: EntryPoint) -> list[Any]:
    try:
        return list(getattr(point.load(), "timetables", ()))
    except Exception as error:
        raise _broken(point, error) from error


def _made(point: EntryPoint, load: Any) -> Any:
    try:
        found = load()
        made = found if hasattr(found, "as_schedule") and not isinstance(found, type) else found()
    except Exception as error:
        raise _broken(point, error) from error
    if not hasattr(made, "as_schedule"):
        raise _broken(point, TypeError(f"it gives `{type(made).__name__}`, which is no timetable"))
    return made


def _broken(point: EntryPoint, error: Exception) -> UserError:
    return UserError(
        f"the entry point `{point.name}` of the group `{point.group}` offers no timetable: {error}",
        hint=f"It is `{point.value}`; the package that offers it has to be repaired or removed.",
    )
