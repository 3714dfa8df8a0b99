"""How `ti.xcom_pull` reads: one value, a mapped task's sequence, or several tasks in order.

What may not live here: which of these an author's call means (`task_instance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from windward.protocol.calls import GetXComs
from windward.protocol.outcomes import XComValue
from windward.sdk import xcom


def value_of(stored: Any, default: Any) -> Any:
    """Return a stored value itself, or the default when there is none."""
    return default if stored is None else xcom.decoded(stored)


def pull_inferred(call: GetXComs, default: Any) -> Any:
    """Pull one task's value when only the answer tells whether the task is mapped."""
    first = xcom.fetch_page(msgspec.structs.replace(call, limit=1))
    if not first.total:
        return default
    if first.total == 1 and first.items[0].map_index < 0:
        return xcom.decoded(first.items[0].value)
    return xcom.LazyXComSequence(call, first.total)


def pull_several(
    names: Sequence[str], indexes: tuple[int, ...] | None, where: dict[str, Any]
) -> list[XComValue | None]:
    """Return the stored values of several tasks or map indexes, in the order asked for; None for missing ones."""
    found: dict[str, dict[int, XComValue]] = {}
    offset, total = 0, 1
    while offset < total:
        call = GetXComs(
            task_ids=tuple(names), map_indexes=indexes, offset=offset, limit=xcom.PAGE_ITEMS_MAX, **where
        )
        page = xcom.fetch_page(call)
        for item in page.items:
            found.setdefault(item.task_id, {})[item.map_index] = item.value
        total = page.total
        offset += max(1, len(page.items))
    values: list[XComValue | None] = []
    for name in names:
        stored = found.get(name, {})
        order = indexes if indexes is not None else sorted(stored) or (-1,)
        values.extend(stored.get(index) for index in order)
    return values
