"""Backends purge values that are gone: those of earlier tries in the task itself, first of all."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar

import pytest

from tests.sdk_runtime.fakes import FakeBridge, FakeLargeValues
from windward.protocol import calls
from windward.protocol.outcomes import DeadXCom, XComValue
from windward.sdk import purging, xcom_backend
from windward.sdk.xcom import BaseXCom


class Shelf(BaseXCom):
    """Notes what it purges."""

    purged: ClassVar[list[tuple[Any, ...]]] = []

    @staticmethod
    def purge(xcom: Any, *args: Any) -> None:
        if xcom.value == "broken":
            raise OSError("the shelf is locked")
        Shelf.purged.append((xcom.key, xcom.value, xcom.dag_id, xcom.run_id, xcom.task_id, xcom.map_index))


class Plain(BaseXCom):
    """Keeps nothing elsewhere."""


@pytest.fixture(autouse=True)
def module() -> Iterator[None]:
    made: Any = ModuleType("shelves_of_a_test")
    made.Shelf, made.Plain = Shelf, Plain
    sys.modules[made.__name__] = made
    Shelf.purged.clear()
    yield
    xcom_backend.configure("")
    del sys.modules[made.__name__]


def dead(dead_pk: int, text: str, *, key: str = "k", backend: str = "shelves_of_a_test.Shelf") -> DeadXCom:
    value = XComValue(encoding="json", data=f'"{text}"'.encode(), backend=backend)
    return DeadXCom(dead_pk=dead_pk, dag_id="d", run_id="r", task_id="t", map_index=2, key=key, value=value)


def test_a_backend_is_told_what_it_returned_and_whose_it_was() -> None:
    assert list(purging.purge([dead(1, "shelf://1")], large=None)) == [(1, "")]
    assert Shelf.purged == [("k", "shelf://1", "d", "r", "t", 2)]


def test_one_that_fails_does_not_keep_the_others() -> None:
    items = [dead(1, "broken"), dead(2, "good"), dead(3, "x", backend="no_such_module.Shelf")]
    said = dict(purging.purge(items, large=None))
    assert said[1] == "OSError: the shelf is locked"
    assert said[2] == ""
    assert "cannot be imported" in said[3]


def test_what_several_values_name_is_purged_once() -> None:
    items = [dead(1, "same"), dead(2, "same"), dead(3, "same", key="other")]
    assert [one.dead_pk for one in purging.purge(items, large=None)] == [1, 2, 3]
    assert [entry[0] for entry in Shelf.purged] == ["k", "other"]


def test_what_went_to_the_object_store_is_read_there() -> None:
    large = FakeLargeValues(threshold_bytes=1)
    location = large.put("n", b'"shelf://far"')
    value = XComValue(encoding="json", location=location, backend="shelves_of_a_test.Shelf")
    item = DeadXCom(dead_pk=1, dag_id="d", run_id="r", task_id="t", map_index=-1, key="k", value=value)
    assert list(purging.purge([item], large=large)) == [(1, "")]
    assert Shelf.purged[0][1] == "shelf://far"


def test_a_try_purges_what_the_one_before_left() -> None:
    xcom_backend.configure("shelves_of_a_test.Shelf")
    bridge = FakeBridge()
    bridge.scripted[calls.GetDeadXComs] = [calls.DeadXComsAnswer(items=(dead(1, "old"), dead(2, "broken")))]
    bridge.scripted[calls.SettleDeadXComs] = [calls.Done()]
    purging.purge_own(bridge)
    assert bridge.calls == [calls.GetDeadXComs(), calls.SettleDeadXComs(purged=(1,), failed=(2,))]


@pytest.mark.parametrize("path", ["", "shelves_of_a_test.Plain"])
def test_nothing_is_asked_where_nothing_is_kept_elsewhere(path: str) -> None:
    xcom_backend.configure(path)
    bridge = FakeBridge()
    purging.purge_own(bridge)
    assert bridge.calls == []


def test_a_value_names_its_backend_only_when_that_has_something_to_purge() -> None:
    place = xcom_backend.Place("d", "r", "t", -1)
    for path, wanted in (
        ("shelves_of_a_test.Shelf", "shelves_of_a_test.Shelf"),
        ("shelves_of_a_test.Plain", None),
    ):
        xcom_backend.configure(path)
        assert xcom_backend.store(1, key="k", place=place, large=None).backend == wanted
