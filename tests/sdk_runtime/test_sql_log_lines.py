"""What the log shows of SQL with many parameters."""

import logging

import pytest

from windward.sdk.operators.sql import SqlOperator
from windward.sdk.operators.sql_session import SHOWN_CHARS_MAX


def test_the_log_shows_the_beginning_of_large_parameters(caplog: pytest.LogCaptureFixture) -> None:
    operator = SqlOperator(
        task_id="load", url="sqlite://", sql="SELECT length(:rows)", parameters={"rows": "x" * 100_000}
    )

    with caplog.at_level(logging.INFO):
        assert operator.execute({}) == [(100_000,)]

    line = next(message for message in caplog.messages if message.startswith("Running statement"))
    assert "SELECT length(:rows)" in line
    assert len(line) < SHOWN_CHARS_MAX + 200
    assert line.endswith("more characters)")
