"""What an author's deadline reference says reaches the scheduler as a moment in UTC, or is refused."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import msgspec
import pendulum
import pytest

from tests.sdk_runtime.fakes import FakeBridge
from windward.protocol.outcomes import Outcome, Succeeded
from windward.sdk.bridge import use_bridge
from windward.sdk.deadline import BaseDeadlineReference, VariableInterval, evaluate, interval_s


class Said(BaseDeadlineReference):
    def __init__(self, said: Any) -> None:
        self.said = said

    def _evaluate_with(self, *, session: Any, **wanted: Any) -> Any:
        return self.said


CONTEXT = {"dag_run": SimpleNamespace(dag_id="d", run_id="r")}


@pytest.mark.parametrize(
    "said",
    [
        pendulum.datetime(2026, 1, 1, 17),
        pendulum.datetime(2026, 1, 1, 18, tz="Europe/Berlin"),
        pendulum.naive(2026, 1, 1, 17),
        datetime(2026, 1, 1, 17),
        datetime(2026, 1, 1, 19, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_what_a_reference_says_is_a_moment_that_keeps_its_zone_when_time_is_added(said: datetime) -> None:
    moment = evaluate(Said(said), CONTEXT)
    assert moment is not None
    assert moment + timedelta(days=1) == datetime(2026, 1, 2, 17, tzinfo=UTC)


def test_what_is_no_moment_is_refused_by_name() -> None:
    assert evaluate(Said(None), CONTEXT) is None
    with pytest.raises(TypeError, match="gave a str, not a datetime"):
        evaluate(Said("17:00"), CONTEXT)


def test_a_moment_without_zone_is_refused_where_a_message_is_decoded() -> None:
    told = msgspec.msgpack.encode({"type": "succeeded", "deadline_from": "2026-01-01T17:00:00Z"})
    assert msgspec.msgpack.decode(told, type=Outcome) == Succeeded(
        deadline_from=datetime(2026, 1, 1, 17, tzinfo=UTC)
    )
    naive = msgspec.msgpack.encode({"type": "succeeded", "deadline_from": "2026-01-01T17:00:00"})
    with pytest.raises(msgspec.ValidationError, match="timezone"):
        msgspec.msgpack.decode(naive, type=Outcome)


def test_an_interval_is_looked_up_as_any_variable_is(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = FakeBridge()
    bridge.variables["limit"] = "5"
    with use_bridge(bridge):
        assert interval_s(VariableInterval("limit")) == 5.0
        monkeypatch.setenv("AIRFLOW_VAR_LIMIT", "7.5")
        assert interval_s(VariableInterval("limit")) == 7.5, "the environment goes before the database"
        assert interval_s(timedelta(seconds=3)) is None, "what is written needs no look"


@pytest.mark.parametrize("text", ["soon", "nan", "inf", ""])
def test_an_interval_that_is_no_number_is_named(text: str) -> None:
    bridge = FakeBridge()
    bridge.variables["limit"] = text
    with use_bridge(bridge), pytest.raises(ValueError, match="variable `limit` of a deadline holds"):
        interval_s(VariableInterval("limit"))
    with use_bridge(FakeBridge()), pytest.raises(KeyError):
        interval_s(VariableInterval("limit"))
