"""The collector to which hooks tell what they read and write (`airflow.lineage.hook`); nothing is kept yet."""

from __future__ import annotations

from typing import Any


class HookLineageCollector:
    """Takes what hooks report and forgets it."""

    has_collected = False

    def __init__(self) -> None:
        self._extra: dict[str, Any] = {}

    @property
    def collected_assets(self) -> None:
        """Nothing."""

    def add_input_asset(self, *_args: Any, **_options: Any) -> None:
        """Forget what a hook read."""

    def add_output_asset(self, *_args: Any, **_options: Any) -> None:
        """Forget what a hook wrote."""

    def add_extra(self, *_args: Any, **_options: Any) -> None:
        """Forget what else a hook tells."""

    add_input_dataset = add_input_asset
    add_output_dataset = add_output_asset

    def create_asset(self, *_args: Any, **_options: Any) -> None:
        """Make no asset."""


_collector = HookLineageCollector()


def get_hook_lineage_collector() -> HookLineageCollector:
    """Return the collector of this process."""
    return _collector
