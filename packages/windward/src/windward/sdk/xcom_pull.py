"""How `ti.xcom_pull` reads: one value, a mapped task's sequence, or several tasks in order.

What may not live here: which of these an author's call means (`task_instance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from windward.protocol.calls import GetXCom, GetXComs, XComItem
from windward.sdk import xcom


def pull_one(call: GetXCom, default: Any) -> Any:
    """Return one value, or the default when there is none."""
    stored = xcom.fetch_one(call)
    return default if stored is None else xcom.decoded(stored, call)


def pull_inferred(call: GetXComs, default: Any) -> Any:
    """Pull one task's value when only the answer tells whether the task is mapped."""
    first = xcom.fetch_page(msgspec.structs.replace(call, limit=1))
    if not first.total:
        return default
    if first.total == 1 and first.items[0].map_index < 0:
        return xcom.decoded(first.items[0].value, call, first.items[0])
    return xcom.LazyXComSequence(call, first.total)


def pull_several(
    names: Sequence[str],
    indexes: tuple[int, ...] | None,
    where: dict[str, Any],
    *,
    default: Any,
    leaves_out: bool,
) -> list[Any]:
    """Return values of several tasks or map indexes, in the order asked for; missing ones as the default, or not at all."""
    found: dict[str, dict[int, XComItem]] = {}
    call = GetXComs(task_ids=tuple(names), map_indexes=indexes, limit=xcom.PAGE_ITEMS_MAX, **where)
    offset, total = 0, 1
    while offset < total:
        page = xcom.fetch_page(msgspec.structs.replace(call, offset=offset))
        for item in page.items:
            found.setdefault(item.task_id, {})[item.map_index] = item
        total = page.total
        offset += max(1, len(page.items))
    items: list[XComItem | None] = []
    for name in names:
        stored = found.get(name, {})
        order = indexes if indexes is not None else sorted(stored) or (-1,)
        items.extend(stored.get(index) for index in order)
    return [
        default if item is None else xcom.decoded(item.value, call, item)
        for item in items
        if item is not None or not leaves_out
    ]
