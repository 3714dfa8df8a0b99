"""Timetables of which assets are a part."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from windward.errors import UserError
from windward.sdk.assets import BaseAsset, asset_of_all, is_collection_of_assets
from windward.sdk.timetables import BaseTimetable
from windward.timetable import AssetOrTimeSchedule as OrTime
from windward.timetable import AssetSchedule, Schedule, by_time


def _condition_of(assets: Any) -> BaseAsset:
    if isinstance(assets, BaseAsset):
        return assets
    if is_collection_of_assets(assets):
        return asset_of_all(assets)
    raise TypeError("`assets` of a timetable must be an asset, a condition of assets, or a list of assets")


class AssetTriggeredTimetable(BaseTimetable):
    """A run whenever the condition holds."""

    def __init__(self, assets: BaseAsset | Collection[BaseAsset]) -> None:
        self.assets = _condition_of(assets)
        super().__init__(AssetSchedule(self.assets.as_condition()))

    @property
    def asset_condition(self) -> BaseAsset:
        """The condition."""
        return self.assets


class AssetOrTimeSchedule(BaseTimetable):
    """The runs of another timetable, and those by assets between them."""

    def __init__(
        self,
        *,
        timetable: Any,
        assets: BaseAsset | Collection[BaseAsset] | None = None,
        datasets: BaseAsset | Collection[BaseAsset] | None = None,
    ) -> None:
        given = assets if assets is not None else datasets
        if given is None:
            raise TypeError("AssetOrTimeSchedule() requires `assets`")
        if not hasattr(timetable, "as_schedule"):
            raise TypeError(f"`timetable` must be a timetable, not `{type(timetable).__name__}`")
        self.timetable = timetable
        self.assets = _condition_of(given)
        super().__init__(self.as_schedule())

    def as_schedule(self, *, timezone: str = "UTC") -> Schedule:
        """Return the schedule as the DAG document holds it."""
        inner: Schedule = self.timetable.as_schedule(timezone=timezone)
        if isinstance(inner, AssetSchedule | OrTime):
            raise UserError(
                "the `timetable` of an AssetOrTimeSchedule has assets itself",
                hint="Join the assets with `&` and `|`, and give a timetable by time.",
            )
        return OrTime(schedule=by_time(inner), condition=self.assets.as_condition())

    @property
    def asset_condition(self) -> BaseAsset:
        """The condition."""
        return self.assets


class DatasetOrTimeSchedule(AssetOrTimeSchedule):
    """`AssetOrTimeSchedule` by its name of Airflow 2."""
