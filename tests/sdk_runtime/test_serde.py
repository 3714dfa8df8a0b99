"""What goes between tasks comes back equal and of its own type."""

import dataclasses
import enum
import math
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pendulum
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk_runtime.fakes import FakeLargeValues
from windward.core.paths import run_of_large_value
from windward.sdk import masking, serde


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: int
    when: datetime


@dataclasses.dataclass
class Noted:
    name: str
    notes: set[str] = dataclasses.field(default_factory=set)


@attrs.define
class Box:
    _inside: tuple[int, ...]


class Order(pydantic.BaseModel):
    lines: list[Decimal]
    placed: date


class Pair(NamedTuple):
    left: int
    right: bytes


class Colour(enum.Enum):
    RED = ("r", 1)


class Plain:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


BERLIN = ZoneInfo("Europe/Berlin")
KNOWN = [
    2**70, math.inf, (1, (2,)), {1: "one", (2, 3): None}, {"__type__": "datetime"}, [{"__type__": (1,)}],
    datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=BERLIN), datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC),
    pendulum.datetime(2024, 10, 27, 2, 30, tz="Europe/Berlin"), pendulum.duration(days=3, hours=2), pendulum.date(2024, 1, 1),
    date(2024, 2, 29), time(1, 2, tzinfo=UTC), timedelta(days=-1, microseconds=5), timezone(timedelta(hours=9)), BERLIN,
    Decimal("1.10"), Fraction(1, 3), {1, 2}, frozenset({"a"}), b"\x00\xff", bytearray(b"x"), UUID(int=7), Path("/a"),
    PurePosixPath("b"), deque([1], 3), OrderedDict(a=1), range(3), 1 + 2j,
    Point(1, datetime(2024, 1, 1, tzinfo=UTC)), Noted("a", {"b"}), Box((1, 2)), Pair(1, b"x"), Colour.RED,
    Order(lines=[Decimal("1.5")], placed=date(2024, 1, 1)),
]  # fmt: skip
PICKLED = [
    Plain(3),
    defaultdict(list, a=[1]),
    Counter("aab"),
    "\ud800",
    ValueError("x"),
    pendulum.duration(months=2),
]


def back(value: Any) -> Any:
    return serde.decode(serde.encode(value, name="x"))


@pytest.mark.parametrize("value", KNOWN, ids=repr)
def test_a_known_type_comes_back_equal_and_without_a_pickle(value: Any) -> None:
    stored = serde.encode(value, name="x")
    again = serde.decode(stored)
    assert stored.encoding in {"json", "tagged"}
    assert (again, type(again)) == (value, type(value))
    if isinstance(value, datetime):
        assert (str(again.tzinfo), again.fold) == (str(value.tzinfo), value.fold)


@pytest.mark.parametrize("value", PICKLED, ids=repr)
def test_anything_else_is_a_pickle(value: Any) -> None:
    stored = serde.encode(value, name="x")
    again = serde.decode(stored)
    assert stored.encoding == "pickle"
    assert type(again) is type(value)
    assert again == value or str(again) == str(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=JSON)
def test_what_json_can_hold_is_stored_as_json(value: Any) -> None:
    stored = serde.encode(value, name="x")
    assert stored.encoding == "json"
    assert serde.decode(stored) == value


VALUES = st.recursive(
    JSON | st.datetimes() | st.decimals(allow_nan=False) | st.binary() | st.uuids() | st.timedeltas(),
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.integers(), inner) | st.lists(inner),
)


@given(value=VALUES)
def test_any_nesting_of_known_types_comes_back_equal(value: Any) -> None:
    assert back(value) == value


def test_a_lambda_and_a_class_made_in_a_function_pass() -> None:
    class Inner:
        value = 7

    assert back(lambda x: x + 1)(1) == 2
    assert back(Inner()).value == 7


def test_a_dataclass_keeps_what_is_not_a_field() -> None:
    noted = Noted("a")
    noted.extra = "kept"  # type: ignore[attr-defined]
    assert back(noted).extra == "kept"


def test_a_value_that_nothing_can_carry_is_named() -> None:
    with pytest.raises(serde.XComTypeError, match="`dag/run/task/-1/return_value` is a `generator`"):
        serde.encode((n for n in range(3)), name="dag/run/task/-1/return_value")


def test_a_list_in_itself_passes() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    again = back(loop)
    assert again[1] is again


def test_values_above_the_threshold_go_to_the_object_store() -> None:
    large = FakeLargeValues(threshold_bytes=10)
    stored = serde.encode("x" * 100, name="d/r/t/-1/k", large=large, run_pk=17)
    assert (stored.data, stored.size_bytes) == (None, 102)
    assert str(stored.location).startswith("memory://d/r/t/-1/k/r17-")
    assert run_of_large_value(str(stored.location)) == 17
    assert serde.decode(stored, large=large) == "x" * 100
    with pytest.raises(serde.XComDecodeError, match="cannot reach"):
        serde.decode(stored)


def test_no_two_large_values_have_the_same_name() -> None:
    """The object of an earlier try may be deleted after a later one has put its own."""
    large = FakeLargeValues(threshold_bytes=10)
    first, second = (serde.encode("x" * 100, name="d/r/t/-1/k", large=large, run_pk=1) for _ in range(2))
    assert first.location != second.location
    assert len(large.stored) == 2


def test_a_value_at_the_threshold_stays() -> None:
    stored = serde.encode("x" * 8, name="x", large=FakeLargeValues(threshold_bytes=10))
    assert stored.location is None


def test_a_preview_is_bounded_and_hides_secrets() -> None:
    masking.mask_secret("hunter22")
    stored = serde.encode({"password": "hunter22", "rest": "x" * 5000}, name="x")
    assert "hunter22" not in stored.preview
    assert "***" in stored.preview
    assert len(stored.preview) <= serde.PREVIEW_CHARS_MAX


def test_a_preview_of_a_pickle_is_its_repr_and_a_broken_repr_fails_nothing() -> None:
    class Broken(Plain):
        def __repr__(self) -> str:
            raise RuntimeError

    assert serde.encode(Plain(1), name="x").preview.startswith("<tests.sdk_runtime")
    assert serde.encode(Broken(1), name="x").preview.endswith("Broken>")


@pytest.mark.parametrize(
    ("value", "length"),
    [([1, 2], 2), ({"a": 1}, 1), ((1,), 1), ("abc", None), (b"abc", None), (3, None), (range(4), 4)],
)
def test_only_what_can_be_mapped_over_has_a_length(value: Any, length: int | None) -> None:
    assert serde.encode(value, name="x").length == length


def test_a_class_that_is_gone_is_named_when_its_value_is_read() -> None:
    stored = serde.encode(Point(1, datetime(2024, 1, 1)), name="x")
    assert stored.data is not None
    broken = type(stored)(encoding="tagged", data=stored.data.replace(b":Point", b":Pint"))
    with pytest.raises(serde.XComDecodeError, match="Pint"):
        serde.decode(broken)
