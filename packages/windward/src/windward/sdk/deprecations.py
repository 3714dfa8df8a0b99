"""Saying that an old name still works: one warning that points at the author's line."""

from __future__ import annotations

import sys
import warnings

from windward.sdk.exceptions import RemovedInAirflow3Warning

_OURS = ("windward.", "airflow.")


def warn(message: str, category: type[Warning] = RemovedInAirflow3Warning) -> None:
    """Warn with the file and line of the nearest frame that is not ours, nor the `__init__` of a subclass."""
    level = 1
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at the stack cheaply
    while frame.f_back is not None and (
        frame.f_code.co_name == "__init__" or _is_ours(frame.f_globals.get("__name__", ""))
    ):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level + 1)


def _is_ours(name: str) -> bool:
    return name == "windward" or name.startswith(_OURS)
