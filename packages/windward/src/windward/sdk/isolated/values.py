"""Which values of a task's context can be sent to another interpreter, and in which form.

What may not live here: how they are sent (`call`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from windward.sdk.isolated.call import can_dump
from windward.sdk.lazy import LazyValue

PLAIN_KEYS = frozenset(
    {
        "ds", "ds_nodash", "expanded_ti_count", "inlets", "map_index_template", "next_ds", "next_ds_nodash", "outlets",
        "params", "partition_key", "prev_ds", "prev_ds_nodash", "run_id", "task_instance_key_str",
        "task_reschedule_count", "templates_dict", "test_mode", "tomorrow_ds", "tomorrow_ds_nodash", "try_number",
        "ts", "ts_nodash", "ts_nodash_with_tz", "yesterday_ds", "yesterday_ds_nodash",
    }
)  # fmt: skip
"""Texts, numbers, lists and dicts: any interpreter reads them."""
DATE_KEYS = frozenset(
    {
        "data_interval_end", "data_interval_start", "execution_date", "logical_date", "next_execution_date",
        "partition_date", "prev_data_interval_end_success", "prev_data_interval_start_success", "prev_end_date_success",
        "prev_execution_date", "prev_execution_date_success", "prev_start_date_success",
    }
)  # fmt: skip
"""Dates: Pendulum's where the other interpreter has it, else plain ones in UTC."""
OWN_KEYS = frozenset({"conf", "dag", "dag_run", "macros", "task", "triggering_asset_events"})
"""Objects of ours, sent where the other interpreter has our classes and the serializer can."""
SENT_KEYS = PLAIN_KEYS | DATE_KEYS | OWN_KEYS


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """What the other interpreter can read. The questions are asked only when a value depends on the answer."""

    serializer: str
    has_pendulum: Callable[[], bool]
    has_windward: Callable[[], bool]


def sendable(values: Mapping[str, Any], receiver: Receiver) -> dict[str, Any]:
    """Return those of a context's values that the receiver can read."""
    found: dict[str, Any] = {}
    for key, given in values.items():
        if key not in SENT_KEYS or (key in OWN_KEYS and not receiver.has_windward()):
            continue
        value = given.__wrapped__ if type(given) is LazyValue else given
        if key in DATE_KEYS and isinstance(value, datetime) and not receiver.has_pendulum():
            value = datetime.fromisoformat(value.isoformat())
        if key in OWN_KEYS and not can_dump(importlib.import_module(receiver.serializer), value):
            continue
        found[key] = value
    return found
