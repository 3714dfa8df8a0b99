"""Small values that a task keeps: over its tries (`task_state_store`), and of assets (`asset_state_store`).

Values are what JSON can say, best below 64 KiB. A task's values are found by every try of the same instance of the
same run; those of an asset by every task that names the asset as inlet or outlet. A deployment's backend may keep
them elsewhere: see `state_backend`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from windward.protocol.calls import Done, Refused
from windward.protocol.states import DeleteState, GetState, SetState, StateAnswer, StateCall
from windward.sdk import bridge
from windward.sdk.configuration import conf
from windward.sdk.exceptions import AirflowException
from windward.sdk.state_backend import AssetScope, Scope, TaskScope, forget, kept, value_of

NEVER_EXPIRE: timedelta = timedelta.max
"""A `retention` without an end."""
RETENTION_DAYS = 30
VALUE_BYTES = 65_535
log = logging.getLogger("windward.state_store")


class _Accessor:
    """What the two kinds of store have in common."""

    def __init__(self, asset: str | None, scope: Scope) -> None:
        self._asset = asset
        self._scope = scope

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        answer = _ask(GetState(key=key, asset=self._asset))
        if not isinstance(answer, StateAnswer) or answer.value is None:
            return default
        return value_of(json.loads(answer.value), self._scope)

    async def aget(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        return self.get(key, default)

    def _set(self, key: str, value: Any, keep_s: float | None) -> None:
        if value is None:
            raise ValueError("Cannot set value as None: use `delete`")
        text = json.dumps(kept(value, key, self._scope))
        most = conf.getint("state_store", "max_value_storage_bytes", fallback=VALUE_BYTES)
        if 0 < most < len(text):
            log.warning(
                "the value of `%s` has %d bytes, more than `[state_store] max_value_storage_bytes` (%d)",
                key,
                len(text),
                most,
            )
        _ask(SetState(key=key, value=text, asset=self._asset, keep_s=keep_s))

    def delete(self, key: str) -> None:
        """Forget a value."""
        _ask(DeleteState(key=key, asset=self._asset))
        forget(self._scope, key)

    async def adelete(self, key: str) -> None:
        """Forget a value."""
        self.delete(key)

    def clear(self, *, all_map_indices: bool = False) -> None:
        """Forget all values; with `all_map_indices`, those of every instance of the task."""
        call = DeleteState(asset=self._asset, all_instances=all_map_indices)
        _ask(call)
        forget(self._scope, None, all_map_indices=all_map_indices)

    async def aclear(self) -> None:
        """Forget all values."""
        self.clear()


class TaskStateStoreAccessor(_Accessor):
    """`context["task_state_store"]`."""

    def __init__(self, scope: TaskScope) -> None:
        super().__init__(None, scope)

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        """Keep a value: for `retention`, or as long as `[state_store] default_retention_days` says (0: for ever)."""
        if retention is None:
            days = conf.getint("state_store", "default_retention_days", fallback=RETENTION_DAYS)
            retention = timedelta(days=days) if days > 0 else NEVER_EXPIRE
        self._set(key, value, None if retention == NEVER_EXPIRE else retention.total_seconds())

    async def aset(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        """Keep a value."""
        self.set(key, value, retention=retention)

    def __repr__(self) -> str:
        return "<TaskStateStoreAccessor>"


class AssetStateStoreAccessor(_Accessor):
    """The values of one asset; they have no end."""

    def __init__(self, name: str) -> None:
        super().__init__(name, AssetScope(name=name))
        self.name = name

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self._set(key, value, None)

    async def aset(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.set(key, value)

    def __repr__(self) -> str:
        return f"<AssetStateStoreAccessor {self.name}>"


class AssetStateStoreAccessors:
    """`context["asset_state_store"]`: the store of each inlet and outlet; of the only one, its methods too."""

    def __init__(self, assets: Iterable[Any]) -> None:
        self._by_name: dict[str, AssetStateStoreAccessor] = {}
        self._names: dict[str, str] = {}
        for asset in assets:
            name = getattr(asset, "name", None) or getattr(asset, "uri", None)
            if name is None:
                continue
            self._by_name[name] = AssetStateStoreAccessor(name)
            self._names[name] = name
            self._names[str(getattr(asset, "uri", None) or name)] = name

    def __getitem__(self, key: Any) -> AssetStateStoreAccessor:
        wanted = getattr(key, "name", None) or getattr(key, "uri", None) or key
        name = self._names.get(str(wanted))
        if name is None:
            raise KeyError(f"{key!r} is not in this task's inlets or outlets")
        return self._by_name[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if len(self._by_name) != 1:
            raise ValueError(
                f"the task has {len(self._by_name)} assets: name one, as in `asset_state_store[asset].{name}`"
            )
        (only,) = self._by_name.values()
        return getattr(only, name)

    def __repr__(self) -> str:
        return f"<AssetStateStoreAccessors {sorted(self._by_name)}>"


def _ask(call: StateCall) -> Done | StateAnswer:
    """Return the answer; raise `AirflowException` with the reason of a refusal."""
    answer = bridge.current_bridge(purpose="a state store").call(call)
    match answer:
        case Done() | StateAnswer():
            return answer
        case Refused(message=message, hint=hint):
            raise AirflowException(f"{message}\n\nhint: {hint}" if hint else message)
    raise AirflowException(f"unexpected answer {answer!r}")
