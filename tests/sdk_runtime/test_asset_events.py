"""What a task notes of the assets that it writes, and what it is told of events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from windward import Asset, AssetAlias, Metadata
from windward.model.records import AssetEventRecord
from windward.protocol.calls import (
    Answer,
    AssetEventsAnswer,
    Call,
    GetAsset,
    GetAssetEvents,
    GetConsumedEvents,
    Refused,
)
from windward.protocol.outcomes import AssetWrite
from windward.sdk.asset_events import (
    InletEvents,
    OutletEvents,
    TriggeringEvents,
    events_of,
    take_metadata,
    writes_of,
)
from windward.sdk.bridge import LargeValues, use_bridge
from windward.timetable import asset_key

T0 = datetime(2026, 1, 10, tzinfo=UTC)
ORDERS = Asset("orders", "s3://b/orders")
DAILY, HOURLY = AssetAlias("daily"), AssetAlias("hourly")


def event(pk: int, name: str = "orders", **fields: Any) -> AssetEventRecord:
    uri = f"s3://b/{name}"
    return AssetEventRecord(
        event_pk=pk,
        asset_key=asset_key(name, uri),
        name=name,
        uri=uri,
        at=T0 + timedelta(seconds=pk),
        **fields,
    )


class FakeService:
    """Answers calls about events that it was given, and keeps the calls."""

    large_values: LargeValues | None = None

    def __init__(self, *events: AssetEventRecord) -> None:
        self.events = events
        self.calls: list[Call] = []

    def mask(self, values: Any) -> None:
        del values

    def call(self, call: Call) -> Answer:
        self.calls.append(call)
        match call:
            case GetAssetEvents(name=name, newest_first=newest_first, offset=offset, limit=limit):
                found = [one for one in self.events if name in {"", one.name}]
                ordered = found[::-1] if newest_first else found
                return AssetEventsAnswer(events=tuple(ordered[offset : offset + limit]))
            case GetConsumedEvents():
                return AssetEventsAnswer(events=self.events)
            case _:
                return Refused(code="not_found", message="no such asset")


def test_each_outlet_is_written_with_what_was_noted_of_it() -> None:
    events = OutletEvents()
    events[ORDERS].extra["rows"] = 3
    take_metadata(Metadata(ORDERS, {"source": "shop"}), events)

    assert writes_of([ORDERS, ORDERS, "a file"], events) == (
        AssetWrite(name="orders", uri="s3://b/orders", extra={"rows": 3, "source": "shop"}),
    )


def test_what_comes_through_aliases_is_one_event_for_each_asset_and_extra() -> None:
    events = OutletEvents()
    events[DAILY].add(ORDERS, extra={"n": 1})
    events[HOURLY].add(ORDERS, extra={"n": 1})
    events[DAILY].add(ORDERS, extra={"n": 2})
    events[DAILY].add(ORDERS, extra={"n": 2})
    take_metadata(Metadata(Asset("prices"), {}, alias=HOURLY), events)

    assert writes_of([DAILY, HOURLY], events) == (
        AssetWrite(name="orders", uri="s3://b/orders", extra={"n": 1}, aliases=("daily", "hourly")),
        AssetWrite(name="orders", uri="s3://b/orders", extra={"n": 2}, aliases=("daily",)),
        AssetWrite(name="prices", uri="prices", aliases=("hourly",)),
    )


def test_an_alias_that_is_no_outlet_and_one_that_nothing_came_through_write_nothing() -> None:
    events = OutletEvents()
    events[HOURLY].add(ORDERS)

    assert writes_of([DAILY], events) == ()


def test_an_extra_that_is_no_plain_data_is_an_error_that_names_the_asset() -> None:
    events = OutletEvents()
    events[ORDERS].extra["rows"] = object()

    with pytest.raises(TypeError, match="`extra` of asset `orders` must be plain data"):
        writes_of([ORDERS], events)


def test_a_reference_that_nobody_declares_is_written_by_its_name() -> None:
    service = FakeService()
    with use_bridge(service):
        (write,) = writes_of([Asset.ref(name="elsewhere")], OutletEvents())

    assert (write.name, write.uri) == ("elsewhere", "elsewhere")
    assert service.calls == [GetAsset(name="elsewhere")]


def test_the_newest_event_costs_one_small_question() -> None:
    service = FakeService(*(event(pk, extra={"n": pk}) for pk in range(1, 6)))
    with use_bridge(service):
        newest = InletEvents([ORDERS])[ORDERS][-1]

    assert newest.extra == {"n": 5}
    assert service.calls == [GetAssetEvents(name="orders", uri="s3://b/orders", newest_first=True, limit=1)]


def test_events_are_fetched_once_and_bounds_are_passed_on() -> None:
    service = FakeService(event(1), event(2))
    with use_bridge(service):
        events = events_of(ORDERS).after(T0).limit(10)
        assert [one.id for one in events] == [1, 2]
        assert len(events) == 2

    assert service.calls == [GetAssetEvents(name="orders", uri="s3://b/orders", after=T0, limit=10)]


def test_what_a_run_was_made_of_is_told_by_asset_by_uri_and_by_alias() -> None:
    service = FakeService(event(1), event(2, "prices", aliases=("daily",)), event(3))
    with use_bridge(service):
        three = TriggeringEvents("d", "r", by_uri=False)
        two = TriggeringEvents("d", "r", by_uri=True)

        assert {asset.name: [one.id for one in events] for asset, events in three.items()} == {
            "orders": [1, 3],
            "prices": [2],
        }
        assert [one.id for one in three[DAILY]] == [2]
        assert [one.id for one in three[Asset.ref(name="orders")]] == [1, 3]
        assert list(two) == ["s3://b/orders", "s3://b/prices"]
        assert [one.id for one in two[ORDERS]] == [1, 3]
