"""What hooks tell of the data that they read and write (`airflow.lineage.hook`), kept for the attempt that they run in.

Each attempt has a collector of its own, also in a process that runs many. What may not live here: sending it anywhere;
who wants it reads `get_hook_lineage_collector().collected_assets` in the task or in its callbacks.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from windward.sdk.assets import Asset

ASSETS_MAX = 100
"""Different inputs, and different outputs, that one attempt may tell of."""
EXTRAS_MAX = 200

log = logging.getLogger("windward.sdk.lineage")


@dataclass(frozen=True)
class AssetLineageInfo:
    """An asset that a hook has read or written: how often, and by which hook."""

    asset: Asset
    count: int
    context: Any


@dataclass(frozen=True)
class ExtraLineageInfo:
    """Something else that a hook tells, such as the text of a query."""

    key: str
    value: Any
    count: int
    context: Any


@dataclass(frozen=True)
class HookLineage:
    """All that was told."""

    inputs: list[AssetLineageInfo]
    outputs: list[AssetLineageInfo]
    extra: list[ExtraLineageInfo]


class _Seen:
    """Different things in the order in which they came, and how often each did; a bounded number."""

    def __init__(self, what: str, limit: int) -> None:
        self._what = what
        self._limit = limit
        self._things: dict[Any, list[Any]] = {}

    def add(self, key: Any, thing: Any) -> None:
        if key in self._things:
            self._things[key][1] += 1
        elif len(self._things) < self._limit:
            self._things[key] = [thing, 1]
            if len(self._things) == self._limit:
                log.warning("no more lineage is collected", extra={"of": self._what, "limit": self._limit})

    def all(self) -> list[tuple[Any, int]]:
        return [(thing, count) for thing, count in self._things.values()]


class HookLineageCollector:
    """Keeps what the hooks of one attempt tell."""

    def __init__(self, factories: Mapping[str, Callable[..., Any]] | None = None) -> None:
        self._factories = factories
        self._inputs = _Seen("inputs", ASSETS_MAX)
        self._outputs = _Seen("outputs", ASSETS_MAX)
        self._extra = _Seen("extra", EXTRAS_MAX)

    @property
    def collected_assets(self) -> HookLineage:
        """All that was told so far."""
        return HookLineage(
            inputs=[AssetLineageInfo(asset, count, by) for (asset, by), count in self._inputs.all()],
            outputs=[AssetLineageInfo(asset, count, by) for (asset, by), count in self._outputs.all()],
            extra=[ExtraLineageInfo(key, value, count, by) for (key, value, by), count in self._extra.all()],
        )

    @property
    def has_collected(self) -> bool:
        """Whether anything was told."""
        return bool(self._inputs.all() or self._outputs.all() or self._extra.all())

    def add_input_asset(self, context: Any, **described: Any) -> None:
        """Keep what a hook has read; `context` is the hook, and the rest as for `create_asset`."""
        self._add(self._inputs, context, described)

    def add_output_asset(self, context: Any, **described: Any) -> None:
        """Keep what a hook has written."""
        self._add(self._outputs, context, described)

    def add_input_dataset(self, context: Any, *, dataset_extra: Any = None, **described: Any) -> None:
        """Keep what a hook has read, by Airflow 2's name."""
        self.add_input_asset(context, **_of_airflow_2(described, dataset_extra))

    def add_output_dataset(self, context: Any, *, dataset_extra: Any = None, **described: Any) -> None:
        """Keep what a hook has written, by Airflow 2's name."""
        self.add_output_asset(context, **_of_airflow_2(described, dataset_extra))

    def add_extra(self, context: Any, key: str, value: Any) -> None:
        """Keep something else that a hook tells; nothing without a key and a value."""
        if key and value:
            self._extra.add((key, _text_of(value), id(context)), (key, value, context))

    def create_asset(
        self,
        *,
        scheme: str | None = None,
        uri: str | None = None,
        name: str | None = None,
        group: str | None = None,
        asset_kwargs: dict[str, Any] | None = None,
        asset_extra: dict[str, Any] | None = None,
    ) -> Asset | None:
        """Return an asset by its URI or name, else made by the package that knows the scheme; None when none does."""
        if uri or name:
            return Asset(name=name or None, uri=uri or None, group=group, extra=asset_extra)
        factory = (_of_packages() if self._factories is None else self._factories).get(scheme or "")
        if factory is None:
            log.debug("no asset for this scheme", extra={"scheme": scheme})
            return None
        try:
            made = factory(**(asset_kwargs or {}), extra=asset_extra)
        except Exception:
            log.debug("asset not made", extra={"scheme": scheme}, exc_info=True)
            return None
        return made if isinstance(made, Asset) else None

    def _add(self, seen: _Seen, context: Any, described: dict[str, Any]) -> None:
        asset = self.create_asset(**described)
        if asset is not None:
            seen.add((asset.name, asset.uri, _text_of(asset.extra), id(context)), (asset, context))


class HookLineageReader:
    """Reads what was told, as plugins of Airflow do it."""

    def __init__(self) -> None:
        self.lineage_collector = get_hook_lineage_collector()

    def retrieve_hook_lineage(self) -> HookLineage:
        """Return all that was told so far."""
        return self.lineage_collector.collected_assets


_outside = HookLineageCollector()


def get_hook_lineage_collector() -> HookLineageCollector:
    """Return the collector of the running attempt; outside of one, that of the process."""
    from windward.sdk.context import running_task_instance  # contexts are not needed for parsing

    ti = running_task_instance()
    if ti is None:
        return _outside
    collector: HookLineageCollector = ti.__dict__.setdefault("hook_lineage", HookLineageCollector())
    return collector


def _of_airflow_2(described: dict[str, Any], extra: Any) -> dict[str, Any]:
    described = {
        "asset_kwargs" if name == "dataset_kwargs" else name: value for name, value in described.items()
    }
    return described if extra is None else {**described, "asset_extra": extra}


def _text_of(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _of_packages() -> Mapping[str, Callable[..., Any]]:
    """Return scheme to the function of a provider package that makes its assets."""
    from windward.sdk.compat.providers_manager import ProvidersManager

    return ProvidersManager().asset_factories
