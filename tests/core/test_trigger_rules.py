"""Trigger rules: each by its row of Airflow's table, and the laws that hold for all."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.rules import may_start
from windward.core.tally import Tally
from windward.core.trigger_rules import Verdict, evaluate
from windward.model.states import FINISHED, TaskState, TriggerRule

S, F, K, U, R, N = (
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.UPSTREAM_FAILED,
    TaskState.REMOVED,
    TaskState.RUNNING,
)
LETTERS = {"s": S, "f": F, "k": K, "u": U, "r": R, "-": N}
STATES = st.lists(st.sampled_from(sorted(FINISHED)), max_size=5)
VERDICTS = {"run": Verdict.RUN, "wait": Verdict.WAIT, "skip": Verdict.SKIP, "fail": Verdict.UPSTREAM_FAILED}

# Rule: verdict -> what the upstreams look like ("-" is one that runs). From the table of Airflow 2.11 and 3.x.
TABLE = {
    TriggerRule.ALL_SUCCESS: {"run": "s ss sr", "wait": "- s-", "skip": "k sk k- kr", "fail": "f u sf su f- fk u- ku"},
    TriggerRule.ALL_FAILED: {"run": "f u fu fr", "wait": "- f-", "skip": "s k sf k- s- fk"},
    TriggerRule.ALL_DONE: {"run": "s f k u r sf ku", "wait": "- s- f- k-"},
    TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: {"run": "s sf su sr", "wait": "- s- f-", "skip": "k sk k- fk", "fail": "f u fu"},
    TriggerRule.ALL_DONE_SETUP_SUCCESS: {"run": "s f k sf ku", "wait": "- f-"},
    TriggerRule.ONE_SUCCESS: {"run": "s s- sf sk", "wait": "- f- k-", "skip": "k kk kr", "fail": "f u fk fu"},
    TriggerRule.ONE_FAILED: {"run": "f u f- sf ku", "wait": "- s- k-", "skip": "s k sk sr"},
    TriggerRule.ONE_DONE: {"run": "s f s- f- sk fu", "wait": "- k- u-", "skip": "k u ku r"},
    TriggerRule.NONE_FAILED: {"run": "s k sk sr", "wait": "- s- k-", "fail": "f u f- sf ku"},
    TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: {"run": "s sk sr", "wait": "- s- k-", "skip": "k kk kr", "fail": "f u f- sf ku"},
    TriggerRule.NONE_SKIPPED: {"run": "s f u sf", "wait": "- s- f-", "skip": "k sk k- fk"},
    TriggerRule.ALL_SKIPPED: {"run": "k kk", "wait": "- k-", "skip": "s f u sk kf s- f-"},
    TriggerRule.ALWAYS: {"run": "- s- f- k s f"},
}  # fmt: skip
ROWS = [
    (rule, letters, VERDICTS[verdict])
    for rule, row in TABLE.items()
    for verdict, cases in row.items()
    for letters in cases.split()
]


def test_the_table_has_every_rule() -> None:
    assert set(TABLE) == set(TriggerRule)


@pytest.mark.parametrize(("rule", "letters", "verdict"), ROWS)
def test_a_rule_says_what_its_row_says(rule: TriggerRule, letters: str, verdict: Verdict) -> None:
    assert evaluate(rule, Tally.of(LETTERS[letter] for letter in letters)) is verdict


@pytest.mark.parametrize("rule", sorted(TriggerRule))
def test_a_task_without_upstreams_runs_whatever_its_rule(rule: TriggerRule) -> None:
    assert evaluate(rule, Tally()) is Verdict.RUN


@pytest.mark.parametrize("rule", sorted(set(TriggerRule) - {TriggerRule.ALL_SUCCESS}))
@given(states=STATES, last=st.sampled_from(sorted(FINISHED)))
def test_an_early_verdict_is_final(rule: TriggerRule, states: list[TaskState], last: TaskState) -> None:
    """A rule that does not wait for the last upstream must not depend on how it ends."""
    early = evaluate(rule, Tally.of([*states, N]))
    final = evaluate(rule, Tally.of([*states, last]))
    assert early in {Verdict.WAIT, final}


@pytest.mark.parametrize("rule", sorted(TriggerRule))
@given(states=STATES.filter(bool))
def test_no_task_waits_for_ever(rule: TriggerRule, states: list[TaskState]) -> None:
    assert evaluate(rule, Tally.of(states)) is not Verdict.WAIT


@pytest.mark.parametrize("rule", sorted(TriggerRule))
@given(states=STATES.filter(bool), running=st.integers(0, 2))
def test_a_task_runs_exactly_when_the_rule_told_a_second_time_says_so(
    rule: TriggerRule, states: list[TaskState], running: int
) -> None:
    everything = [*states, *[N] * running]
    runs = evaluate(rule, Tally.of(everything)) is Verdict.RUN
    assert runs == may_start(rule, everything, [])


def test_all_success_fails_or_skips_by_which_came_first() -> None:
    """Airflow's own quirk, kept: the first of a skip and a failure decides, so that nothing waits for the other."""
    assert evaluate(TriggerRule.ALL_SUCCESS, Tally.of([K, N])) is Verdict.SKIP
    assert evaluate(TriggerRule.ALL_SUCCESS, Tally.of([F, N])) is Verdict.UPSTREAM_FAILED
    assert evaluate(TriggerRule.ALL_SUCCESS, Tally.of([K, F])) is Verdict.UPSTREAM_FAILED


@pytest.mark.parametrize(
    ("setups", "verdict"),
    [
        ([S], Verdict.RUN),
        ([S, F], Verdict.RUN),
        ([F], Verdict.UPSTREAM_FAILED),
        ([F, K], Verdict.UPSTREAM_FAILED),
        ([K], Verdict.SKIP),
        ([K, K], Verdict.SKIP),
    ],
)
def test_a_teardown_runs_when_one_of_its_setups_did(setups: list[TaskState], verdict: Verdict) -> None:
    tally = Tally.of([*setups, F])._replace(
        setup_total=len(setups), setup_success=setups.count(S), setup_skipped=setups.count(K)
    )
    assert evaluate(TriggerRule.ALL_DONE_SETUP_SUCCESS, tally) is verdict


@given(states=STATES)
def test_a_tally_counts_every_state_once_in_whatever_order(states: list[TaskState]) -> None:
    tally = Tally.of(states)
    assert tally.done == tally.total == len(states)
    assert tally.all_done
    assert all(Tally.of(other) == tally for other in list(permutations(states))[:24])
    assert Tally.of([*states, N]).all_done is False
