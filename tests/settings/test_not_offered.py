"""Whoever switches something of Airflow on that is missing here is told."""

from pathlib import Path

import pytest

from windward.settings import load


@pytest.mark.parametrize(("value", "is_told"), [("True", True), ("1", True), ("False", False), ("", False)])
def test_who_switches_traces_on_is_told_that_there_are_none(
    tmp_path: Path, value: str, is_told: bool
) -> None:
    settings = load({"AIRFLOW__TRACES__OTEL_ON": value, "AIRFLOW__TRACES__OTEL_HOST": "here"}, home=tmp_path)
    assert len(settings.warnings) == is_told
    assert all("AIRFLOW__TRACES__OTEL_ON: no traces are sent" in told for told in settings.warnings)
    assert "AIRFLOW__TRACES__OTEL_ON" in settings.ignored
