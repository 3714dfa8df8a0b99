"""Purging values of XCom backends that are gone: what a backend keeps elsewhere goes with the value that named it.

A backend is user code: this runs in tasks, for what an earlier try of them left, and in children of the processor for
everything else. What may not live here: which values are gone (the store knows).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from windward.protocol.calls import DeadXComsAnswer, GetDeadXComs, SettleDeadXComs
from windward.protocol.outcomes import DeadXCom
from windward.sdk import xcom_backend
from windward.sdk.bridge import LargeValues, TaskBridge
from windward.sdk.xcom_backend import XComResult

log = logging.getLogger("windward.sdk.purging")


class Purged(NamedTuple):
    """What came of one value; no error: its backend has purged it."""

    dead_pk: int
    error: str = ""


def purge_own(bridge: TaskBridge) -> None:
    """Purge what earlier tries of the running instance left, before it writes under the same names again.

    What cannot be purged is logged and comes again later; the task begins all the same.
    """
    if not xcom_backend.has_purge():
        return
    answer = bridge.call(GetDeadXComs())
    if not isinstance(answer, DeadXComsAnswer) or not answer.items:
        return
    said = list(purge(answer.items, large=bridge.large_values))
    for one in said:
        if one.error:
            log.warning("value of an earlier try not purged: %s", one.error)
    bridge.call(
        SettleDeadXComs(
            purged=tuple(one.dead_pk for one in said if not one.error),
            failed=tuple(one.dead_pk for one in said if one.error),
        )
    )


def purge(
    items: Sequence[DeadXCom],
    *,
    large: LargeValues | None,
    backend_at: Callable[[str], Any] = xcom_backend.class_at,
) -> Iterator[Purged]:
    """Have the backends purge these values, one after another; whatever one raises is said of it.

    What stands for the same thing is purged once: a backend that names things by place writes one in each try.
    """
    done: dict[tuple[Any, ...], Purged] = {}
    for item in items:
        value = item.value
        thing = (value.backend, item.dag_id, item.run_id, item.task_id, item.map_index, item.key, value)
        if thing not in done:
            done[thing] = _purge_one(item, large, backend_at)
        yield done[thing]._replace(dead_pk=item.dead_pk)


def _purge_one(item: DeadXCom, large: LargeValues | None, backend_at: Callable[[str], Any]) -> Purged:
    result = XComResult(
        item.value,
        key=item.key,
        large=large,
        dag_id=item.dag_id,
        run_id=item.run_id,
        task_id=item.task_id,
        map_index=item.map_index,
    )
    try:
        backend_at(item.value.backend or "").purge(result)
    except Exception as error:  # noqa: BLE001 - the backend is user code
        return Purged(item.dead_pk, f"{type(error).__name__}: {error}")
    return Purged(item.dead_pk)
