"""Airflow's smaller modules do what DAG files expect of them."""

import datetime as dt
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from airflow.configuration import conf
from airflow.exceptions import AirflowConfigException
from airflow.models import DagBag, DagRun, SlaMiss, TaskInstance
from airflow.settings import Session
from airflow.utils import dates, helpers, module_loading, timezone
from airflow.utils.session import NEW_SESSION, create_session, provide_session
from airflow.utils.state import DagRunState, State, TaskInstanceState
from airflow.utils.types import DagRunType
from airflow.utils.weekday import WeekDay
from windward.model.states import FINISHED, RunState, RunType, TaskState
from windward.sdk.compat.configuration import AirflowConfiguration
from windward.sdk.compat.database import DatabaseAccessError

MOMENTS = st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1))
AWARE = MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))


# Dates


def test_trigger_rules_have_their_old_names_too() -> None:
    from airflow.utils.trigger_rule import TriggerRule

    assert TriggerRule.DUMMY is TriggerRule.ALWAYS
    assert TriggerRule.NONE_FAILED_OR_SKIPPED is TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    assert len(set(TriggerRule)) == 13


def test_days_ago_is_midnight_utc_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match="another date each day"):
        found = dates.days_ago(2, hour=6)
    assert (found.hour, found.minute, found.second, found.microsecond) == (6, 0, 0, 0)
    assert found.utcoffset() == timedelta(0)
    assert (timezone.utcnow().date() - found.date()).days in {2, 3}


@given(start=AWARE, count=st.integers(1, 20), hours=st.integers(1, 100))
def test_a_range_of_dates_has_equal_steps(start: datetime, count: int, hours: int) -> None:
    found = dates.date_range(start, num=count, delta=timedelta(hours=hours))
    assert found[0] == start
    assert len(found) == count
    assert {later - before for before, later in pairwise(found)} <= {timedelta(hours=hours)}


def test_a_range_of_dates_follows_a_cron_expression_to_its_end() -> None:
    found = dates.date_range(datetime(2024, 1, 30), datetime(2024, 4, 1), delta="@monthly")
    assert found == [datetime(2024, 2, 1), datetime(2024, 3, 1), datetime(2024, 4, 1)]


def test_a_negative_count_goes_backwards() -> None:
    found = dates.date_range(datetime(2024, 3, 1), num=-2, delta=relativedelta(months=1))
    assert found == [datetime(2024, 2, 1), datetime(2024, 3, 1)]


@given(moment=MOMENTS, minutes=st.integers(1, 500))
def test_a_rounded_time_is_the_nearest_step(moment: datetime, minutes: int) -> None:
    start, step = datetime(1970, 1, 1), timedelta(minutes=minutes)
    rounded = dates.round_time(moment, step, start)
    assert (rounded - start) % step == timedelta(0)
    assert abs(rounded - moment) * 2 <= step


@given(moment=AWARE)
def test_nanoseconds_count_from_the_epoch(moment: datetime) -> None:
    nano = dates.datetime_to_nano(moment)
    assert nano is not None
    assert datetime.fromtimestamp(0, UTC) + timedelta(microseconds=nano // 1000) == moment


# Time zones


@given(moment=MOMENTS)
def test_what_is_made_aware_is_naive_again_in_the_same_zone(moment: datetime) -> None:
    aware = timezone.make_aware(moment)
    assert timezone.is_localized(aware)
    assert timezone.make_naive(aware) == moment
    with pytest.raises(ValueError, match="has a time zone"):
        timezone.make_aware(aware)


def test_a_moment_gets_the_default_zone_unless_it_has_one() -> None:
    assert timezone.datetime(2024, 1, 31).utcoffset() == timedelta(0)
    seoul = dt.timezone(timedelta(hours=9))
    assert timezone.datetime(2024, 1, 31, tzinfo=seoul).tzinfo is seoul
    assert timezone.parse("2024-01-31T06:00:00").isoformat() == "2024-01-31T06:00:00+00:00"
    assert (
        timezone.convert_to_utc(datetime(2024, 1, 31, 9, tzinfo=seoul)).isoformat()
        == "2024-01-31T00:00:00+00:00"
    )
    assert timezone.coerce_datetime(None) is None


# States


def test_the_words_for_states_are_those_of_the_model() -> None:
    assert {*TaskInstanceState} == {*TaskState} - {TaskState.NONE}
    assert {*DagRunState} == {*RunState}
    assert {*DagRunType} == {*RunType}
    assert State.finished == FINISHED
    assert State.NONE is None
    assert State.finished.isdisjoint(State.unfinished)


@pytest.mark.parametrize("kind", list(DagRunType))
def test_a_run_id_says_its_type(kind: DagRunType) -> None:
    assert DagRunType.from_run_id(f"{kind}__2024-01-31T00:00:00+00:00") is kind
    assert DagRunType.from_run_id("by hand") is DagRunType.MANUAL


def test_days_of_the_week_are_found_by_name() -> None:
    assert WeekDay.validate_week_day({"monday", WeekDay.SUNDAY}) == {1, 7}
    with pytest.raises(AttributeError, match="`mayday` is no day"):
        WeekDay.get_weekday_number("mayday")


# Settings


def test_conf_answers_for_settings_by_all_of_their_places() -> None:
    held = AirflowConfiguration({"HOME": "/nowhere", "WINDWARD__API__PORT": "1234"})
    assert held.getint("api", "port") == held.getint("webserver", "web_server_port") == 1234
    assert held.getint("core", "parallelism") == 32
    assert held.getboolean("operators", "default_deferrable") is False


def test_conf_answers_for_sections_of_the_authors_own() -> None:
    held = AirflowConfiguration(
        {"HOME": "/nowhere", "AIRFLOW__HOUSE__ROOMS": "3", "AIRFLOW__HOUSE__OPEN": "yes"}
    )
    assert held.getint("house", "rooms") == 3
    assert held.getboolean("House", "Open") is True
    assert held.getsection("house") == {"rooms": 3, "open": "yes"}
    assert held.getsection("garden") is None


def test_conf_names_the_setting_that_is_missing() -> None:
    with pytest.raises(AirflowConfigException, match="house"):
        conf.get("house", "keys")
    assert conf.get("house", "keys", fallback=None) is None
    assert not conf.has_option("house", "keys")


def test_conf_does_not_list_secrets() -> None:
    held = AirflowConfiguration({"HOME": "/nowhere"})
    listed = held.as_dict()
    assert "parallelism" in listed["core"]
    assert "fernet_key" not in listed["core"]
    assert "sql_alchemy_conn" not in listed.get("database", {})


# The database that tasks do not reach


def test_a_session_is_an_error_when_it_is_used_and_not_before() -> None:
    @provide_session
    def load(key: str, session: object = NEW_SESSION) -> str:
        return key if session else "nothing"

    assert load("house") == "house"
    with create_session() as session, pytest.raises(DatabaseAccessError, match=r"`session\.query`") as caught:
        session.query(TaskInstance)
    assert "hook" in caught.value.hint
    with pytest.raises(DatabaseAccessError, match=r"settings\.Session"):
        Session()


def test_a_session_that_the_caller_gives_is_kept() -> None:
    @provide_session
    def load(session: object = NEW_SESSION) -> object:
        return session

    own = object()
    assert load(session=own) is own
    assert load(own) is own


def test_records_serve_as_types_and_their_use_says_what_to_do() -> None:
    def look(run: DagRun, ti: "TaskInstance | None" = None) -> None:
        del run, ti

    assert look.__annotations__["run"] is DagRun
    for use, advice in (
        (lambda: DagRun.state, "context"),
        (DagBag, r"dag\.test"),
        (lambda: SlaMiss.dag_id, "retention"),
    ):
        with pytest.raises(DatabaseAccessError, match=advice):
            use()


def test_the_task_instance_of_a_context_is_a_task_instance() -> None:
    from windward.sdk.task_instance import RuntimeTaskInstance

    ti = RuntimeTaskInstance.__new__(RuntimeTaskInstance)
    assert isinstance(ti, TaskInstance)
    assert not isinstance(object(), TaskInstance)


# Small functions


@given(members=st.lists(st.integers(), max_size=50), size=st.integers(1, 7))
def test_chunks_hold_every_member_once_and_no_more_than_asked(members: list[int], size: int) -> None:
    parts = list(helpers.chunks(members, size))
    assert helpers.as_flattened_list(parts) == members
    assert all(1 <= len(part) <= size for part in parts)


@given(members=st.lists(st.integers()))
def test_a_partition_loses_nobody(members: list[int]) -> None:
    odd, even = map(list, helpers.partition(lambda one: one % 2 == 0, members))
    assert sorted([*odd, *even]) == sorted(members)
    assert all(one % 2 == 0 for one in even)


def test_pruning_and_merging_go_down_to_every_depth() -> None:
    assert helpers.prune_dict({"a": None, "b": {"c": None, "d": 0}, "e": [None, 1]}) == {
        "b": {"d": 0},
        "e": [1],
    }
    assert helpers.prune_dict({"b": {"c": None, "d": 0}, "e": [0, 1]}, mode="truthy") == {"e": [1]}
    assert helpers.merge_dicts({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}) == {"a": {"b": 3, "c": 2}}


def test_a_path_and_its_object_lead_to_each_other() -> None:
    assert (
        module_loading.qualname(module_loading.import_string) == "windward.sdk.compat.loading.import_string"
    )
    assert module_loading.import_string("airflow.models.dag.DAG").__name__ == "DAG"
    with pytest.raises(ImportError, match="has no `Nothing`"):
        module_loading.import_string("airflow.models.dag.Nothing")
