"""Which task of which run a marker means, and when that is known."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, run_of, task
from windward.core.markers import MarkedTask, marked_by, needs_rendering
from windward.document.dag import ExternalMark

RUN = run_of()


def marker(date: str = "{{ logical_date.isoformat() }}", *, dag_id: str = "costs") -> Any:
    return task("m", marks=ExternalMark(dag_id=dag_id, task_id="wait", logical_date=date))


@pytest.mark.parametrize(
    "date", ["{{ logical_date.isoformat() }}", "{{execution_date.isoformat()}}", " {{ ts }} "]
)
def test_the_own_date_needs_no_rendering(date: str) -> None:
    assert not needs_rendering("costs", "wait", date)
    assert marked_by(marker(date), RUN, None) == MarkedTask(dag_id="costs", task_id="wait", logical_date=T0)


@given(date=st.datetimes(timezones=st.just(UTC)))
def test_a_fixed_date_is_read(date: datetime) -> None:
    found = marked_by(marker(date.isoformat()), RUN, None)
    assert found is not None
    assert found.logical_date == date


def test_templates_count_as_they_were_rendered() -> None:
    templated = marker("{{ macros.ds_add(ds, -1) }}", dag_id="{{ params.other }}")
    assert needs_rendering("{{ params.other }}", "wait", "")
    assert marked_by(templated, RUN, None) is None
    rendered = {"external_dag_id": "sales", "external_task_id": "x", "logical_date": "2026-03-28"}
    assert marked_by(templated, RUN, rendered) == MarkedTask(
        dag_id="sales", task_id="x", logical_date=datetime(2026, 3, 28, tzinfo=UTC)
    )


def test_what_is_no_marker_or_no_date_means_nothing() -> None:
    assert marked_by(task("t"), RUN, None) is None
    assert marked_by(marker("yesterday"), RUN, None) is None
    assert marked_by(marker(), run_of(logical_date=None), None) is None
