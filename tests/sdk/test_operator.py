"""Building operators: default arguments, required and unknown ones, retries, copies."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.declared import Strict, Work
from windward import DAG, TaskGroup
from windward.errors import InvalidIdError, UserError
from windward.model.states import TriggerRule, WeightRule
from windward.sdk import defaults
from windward.sdk.exceptions import DuplicateTaskIdFound
from windward.sdk.operator_meta import parameter_names

OWNERS = st.one_of(st.none(), st.sampled_from(["x", "y", "z"]))


@given(of_dag=OWNERS, outer=OWNERS, inner=OWNERS, own=OWNERS, given_owner=OWNERS)
def test_default_args_of_what_is_nearer_win(
    of_dag: str | None, outer: str | None, inner: str | None, own: str | None, given_owner: str | None
) -> None:
    def layer(value: str | None) -> dict[str, Any]:
        return {} if value is None else {"owner": value}

    with (
        DAG("d", default_args=layer(of_dag)),
        TaskGroup("o", default_args=layer(outer)),
        TaskGroup("i", default_args=layer(inner)),
    ):
        made = Work(task_id="a", default_args=layer(own), **layer(given_owner))
    nearest = [value for value in (given_owner, own, inner, outer, of_dag) if value is not None]
    assert made.owner == (nearest[0] if nearest else "airflow")


def test_default_args_reach_arguments_of_every_class_and_are_ignored_where_none_takes_them() -> None:
    with DAG("d", default_args={"conn_id": "db", "value": 1, "pool": "p", "nobody_takes_this": 2}):
        made = Strict(task_id="a")  # type: ignore[call-arg]
    assert (made.conn_id, made.value, made.pool) == ("db", 1, "p")


def test_a_subclass_that_sets_an_argument_itself_is_not_overruled_by_default_args() -> None:
    class Never(Work):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(retries=0, **kwargs)

    with DAG("d", default_args={"retries": 4}):
        assert Never(task_id="a").retries == 0


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(TypeError, match=r"missing keyword argument 'conn_id' of Strict \(task_id: a\)"):
        Strict(task_id="a")  # type: ignore[call-arg]


def test_an_unknown_argument_is_named_with_a_suggestion() -> None:
    with pytest.raises(TypeError) as caught:
        Work(task_id="a", retires=3)
    text = str(caught.value)
    assert text.startswith(
        "Invalid arguments were passed to Work (task_id: a). Invalid arguments were:\n**kwargs:"
    )
    assert "Did you mean `retries`?" in text


def test_arguments_are_given_by_keyword() -> None:
    with pytest.raises(TypeError, match="Use keyword arguments when initializing operators"):
        Work("a")  # type: ignore[call-arg]


@pytest.mark.parametrize("task_id", ["a b", "", "ä/ö", "x" * 251, "a..b"])
def test_a_task_id_outside_the_grammar_is_refused(task_id: str) -> None:
    with pytest.raises(InvalidIdError):
        Work(task_id=task_id)


def test_an_id_is_used_once_in_a_dag() -> None:
    with DAG("d"):
        Work(task_id="a")
        with pytest.raises(DuplicateTaskIdFound, match="'a' has already been added"):
            Work(task_id="a")


def test_a_task_that_says_nothing_of_retries_gets_the_whole_default_policy() -> None:
    made = Work(task_id="a")
    assert (made.retries, made.retry_delay, made.retry_exponential_backoff, made.max_retry_delay) == (
        5, timedelta(seconds=10), 2.0, timedelta(seconds=300),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"retries": 2}, (2, 300, 0.0, None)),
        ({"retries": 0}, (0, 300, 0.0, None)),
        ({"retries": None}, (0, 300, 0.0, None)),
        ({"retries": "3", "retry_delay": 60}, (3, 60, 0.0, None)),
        ({"retry_delay": timedelta(minutes=1)}, (5, 60, 0.0, None)),
        ({"retries": 1, "retry_exponential_backoff": True, "max_retry_delay": 900}, (1, 300, 2.0, 900)),
        ({"retries": 1, "retry_exponential_backoff": 1.5}, (1, 300, 1.5, None)),
    ],
)
@pytest.mark.parametrize("by_default_args", [False, True])
def test_a_task_that_says_something_of_retries_gets_airflows_meaning(
    arguments: dict[str, Any], wanted: tuple[Any, ...], by_default_args: bool
) -> None:
    with DAG("d", default_args=arguments if by_default_args else None):
        made = Work(task_id="a") if by_default_args else Work(task_id="a", **arguments)
    longest = made.max_retry_delay.total_seconds() if made.max_retry_delay else None
    assert (made.retries, made.retry_delay.total_seconds(), made.retry_exponential_backoff, longest) == wanted


def test_settings_decide_what_is_left_out() -> None:
    before = defaults.configure(
        defaults.AuthoringDefaults(
            retry=defaults.RetryDefaults(retries=1), owner="team", weight_rule="absolute"
        )
    )
    try:
        made = Work(task_id="a")
    finally:
        defaults.configure(before)
    assert (made.retries, made.owner, made.weight_rule) == (1, "team", WeightRule.ABSOLUTE)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"trigger_rule": "al_success"}, "Did you mean `all_success`"),
        ({"retries": -1}, "`retries` of task `a` is `-1`"),
        ({"pool_slots": 0}, "`pool_slots` of task `a` is `0`"),
        ({"execution_timeout": 5}, "must be a timedelta"),
        ({"weight_rule": "heavy"}, "unknown priority strategy"),
        ({"on_failure_callback": "email"}, "cannot be called"),
        ({"isolation": "hot"}, "Use `isolated` or `warm`"),
        ({"start_date": 5}, "no date"),
        ({"retry_delay": "soon"}, "no duration"),
    ],
)
def test_an_impossible_argument_is_an_error_that_names_the_task_and_the_way_out(
    arguments: dict[str, Any], wanted: str
) -> None:
    with pytest.raises(UserError) as caught:
        Work(task_id="a", **arguments)
    assert wanted in str(caught.value)
    assert "`a`" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [("none_failed_or_skipped", TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS), ("dummy", TriggerRule.ALWAYS)],
)
def test_old_trigger_rules_keep_their_meaning_and_warn(old: str, new: TriggerRule) -> None:
    with pytest.warns(DeprecationWarning, match=f"`{old}`.*`{new}`") as caught:
        made = Work(task_id="a", trigger_rule=old)
    assert made.trigger_rule is new
    assert caught[0].filename == __file__


def test_task_concurrency_keeps_its_meaning_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match="max_active_tis_per_dag"):
        assert Work(task_id="a", task_concurrency=2).max_active_tis_per_dag == 2


def test_waiting_for_downstream_means_waiting_for_the_past() -> None:
    assert Work(task_id="a", wait_for_downstream=True).depends_on_past


def test_a_naive_date_is_taken_in_the_zone_of_the_dag() -> None:
    import pendulum

    with DAG("d", start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Seoul")):
        made = Work(task_id="a", start_date=datetime(2026, 1, 2))
    assert made.start_utc == datetime(2026, 1, 1, 15, tzinfo=UTC)
    assert isinstance(made.start_date, pendulum.DateTime)


def test_a_prepared_copy_is_rendered_without_touching_the_declared_task() -> None:
    with DAG("d"):
        made = Work(task_id="a", value="{{ 1 + 1 }}")
        other = Work(task_id="b")
    running = made.prepare_for_execution()
    running.render_template_fields({})
    running.value = other.output
    assert made.value == "{{ 1 + 1 }}"
    assert made.upstream_task_ids == set()


def test_a_copied_dag_holds_copied_tasks_and_a_copied_task_its_own_dag() -> None:
    with DAG("d") as dag, TaskGroup("g"):
        first, second = Work(task_id="a", value=[1]), Work(task_id="b")
        first >> second
    other = copy.deepcopy(dag)
    assert other.get_task("g.a") is not first
    assert other.get_task("g.a").dag is other
    assert other.task_group.children["g"].children["g.a"] is other.get_task("g.a")
    alone = copy.deepcopy(first)
    assert alone.dag is dag
    alone.value.append(2)
    assert first.value == [1]


def test_a_task_travels_by_pickle() -> None:
    made = pickle.loads(pickle.dumps(Work(task_id="a", value={"x": 1})))
    assert (made.task_id, made.value, made.retries) == ("a", {"x": 1}, 5)


def test_a_task_that_defers_is_resumed_by_name_or_told_of_its_triggers_failure() -> None:
    from windward.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout, TaskDeferred

    class Waits(Work):
        def execute(self, context: Any) -> Any:
            self.defer(trigger="t", method_name="go_on", kwargs={"x": 1}, timeout=5)

        def go_on(self, context: Any, x: int, event: int) -> int:
            return x + event

    made = Waits(task_id="a")
    with pytest.raises(TaskDeferred) as caught:
        made.execute({})
    assert (caught.value.method_name, caught.value.timeout) == ("go_on", timedelta(seconds=5))
    assert made.resume_execution("go_on", {"x": 1, "event": 2}, {}) == 3
    with pytest.raises(TaskDeferralTimeout):
        made.resume_execution("__fail__", {"error": "Trigger timeout"}, {})
    with pytest.raises(TaskDeferralError):
        made.resume_execution("__fail__", {"error": "boom"}, {})


def test_hooks_given_as_arguments_run_around_execute() -> None:
    calls: list[Any] = []
    made = Work(task_id="a", pre_execute=calls.append, post_execute=lambda *args: calls.append(args))
    made.pre_execute("context")
    made.post_execute("context", 1)
    assert calls == ["context", ("context", 1)]


def test_a_class_knows_all_arguments_it_takes() -> None:
    assert {"conn_id", "value", "retries", "task_id"} <= parameter_names(Strict)
    assert "conn_id" not in parameter_names(Work)
