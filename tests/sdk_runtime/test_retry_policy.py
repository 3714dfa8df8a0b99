"""Retry policies: the first rule that matches decides, and a policy never adds tries."""

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from windward.sdk.deadline import (
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    SyncCallback,
    VariableInterval,
    call,
)
from windward.sdk.retry_policy import ExceptionRetryPolicy, RetryAction, RetryDecision, RetryRule

T0 = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (ConnectionResetError(), RetryAction.RETRY),
        (KeyError(), RetryAction.FAIL),
        (LookupError(), RetryAction.FAIL),
        (IndexError(), RetryAction.DEFAULT),
        (socket.gaierror(), RetryAction.FAIL),
        (ValueError(), RetryAction.DEFAULT),
    ],
)
def test_the_first_rule_that_matches_decides(error: Exception, action: RetryAction) -> None:
    policy = ExceptionRetryPolicy(
        [
            RetryRule(ConnectionError, RetryAction.RETRY, timedelta(seconds=3), "slow"),
            RetryRule([LookupError, "socket.gaierror"], RetryAction.FAIL, match_subclasses=False),
            RetryRule("builtins.KeyError", RetryAction.FAIL),
            RetryRule("no.such.Error", RetryAction.FAIL),
        ]
    )
    assert policy.evaluate(error, 1, 3).action is action
    assert ExceptionRetryPolicy.deserialize(policy.serialize()).evaluate(error, 1, 3).action is action


def test_a_decision_carries_its_delay_and_its_reason() -> None:
    rule = RetryRule(OSError, RetryAction.RETRY, timedelta(seconds=3), "slow")
    decided = ExceptionRetryPolicy([rule]).evaluate(OSError(), 1, 3)
    assert decided == RetryDecision(RetryAction.RETRY, timedelta(seconds=3), "slow")
    assert RetryDecision.fail("x").action is RetryAction.FAIL


def test_an_exception_is_named_by_its_whole_path() -> None:
    with pytest.raises(ValueError, match="dotted import path"):
        RetryRule("ValueError")


# -- deadlines ---------------------------------------------------------------------------


def collect(said: list[Any], context: Any) -> None:
    said.append(context["run_id"])


async def collect_later(said: list[Any]) -> None:
    said.append("later")


def test_a_missed_deadline_calls_functions_and_coroutines() -> None:
    said: list[Any] = []
    call(SyncCallback(collect, {"said": said}), {"run_id": "r"})
    call(AsyncCallback(collect_later, {"said": said}), {"run_id": "r"})
    call(SyncCallback(f"{__name__}.collect", {"said": said}), {"run_id": "by path"})
    assert said == ["r", "later", "by path"]


def test_an_alert_becomes_plain_data() -> None:
    alert = DeadlineAlert(
        DeadlineReference.FIXED_DATETIME(T0), timedelta(hours=1), SyncCallback(collect), name="n"
    )
    document = alert.document()
    assert (document.reference, document.at, document.interval_s, document.name) == ("fixed", T0, 3600.0, "n")
    average = DeadlineAlert(
        DeadlineReference.AVERAGE_RUNTIME(3), VariableInterval("v"), SyncCallback(collect)
    ).document()
    assert (average.runs_max, average.runs_min, average.interval_variable) == (3, 3, "v")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: AsyncCallback(collect), "no coroutine function"),
        (lambda: SyncCallback("collect"), "dotted import path"),
        (lambda: SyncCallback(collect, {"context": 1}), "`context` is given"),
        (lambda: DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(), collect), "SyncCallback"),  # type: ignore[arg-type]
        (lambda: DeadlineReference.AVERAGE_RUNTIME(-1), "at least 1"),
    ],
)
def test_what_cannot_be_called_is_told_when_the_file_is_read(make: Any, problem: str) -> None:
    with pytest.raises((AttributeError, ImportError, ValueError, TypeError), match=problem):
        make()
