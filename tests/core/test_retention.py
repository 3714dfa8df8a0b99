"""Laws of retention: what has not ended never ages, what anyone may need stays, and what is old goes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from windward.core.retention import (
    DAYS_MAX,
    SNAPSHOT_AGE_MIN,
    DocumentFacts,
    DocumentUse,
    EndedRun,
    ages_to_repeat,
    ended_before,
    runs_of_age,
    surplus_snapshots,
    unneeded_snapshots,
    xcom_ages,
    xcom_days,
)

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
DAYS = st.sampled_from([0.0, 0.5, 1.0, 30.0, 365.0])
OWN_DAYS = st.dictionaries(st.sampled_from("abcdef"), DAYS)
RUNS = st.lists(
    st.builds(EndedRun, run_pk=st.integers(), dag_id=st.sampled_from("abcdefgh"), end_date=st.just(NOW))
)
SAVED = st.dictionaries(
    st.text("0123456789abcdef", min_size=1, max_size=3),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)).map(lambda age: NOW - age),
).map(lambda found: list(found.items()))


@given(days=st.floats(min_value=0, allow_nan=False))
def test_every_age_that_a_setting_allows_is_a_time(days: float) -> None:
    before = ended_before(days, NOW)

    assert before <= NOW
    assert days > DAYS_MAX or abs((NOW - before).total_seconds() - days * 86_400) < 1


@given(runs=RUNS, own=OWN_DAYS, default=st.none() | DAYS)
def test_each_run_ages_exactly_once_unless_its_dag_keeps_values_for_ever(
    runs: list[EndedRun], own: dict[str, float], default: float | None
) -> None:
    ages = xcom_ages(own, default)
    found = [run for days in ages for run in runs_of_age(runs, days, own_days=own, default_days=default)]

    forever = [run for run in runs if own.get(run.dag_id, default) is None]
    assert sorted(run.run_pk for run in [*found, *forever]) == sorted(run.run_pk for run in runs)
    assert ages == sorted(set(ages))


@given(before=OWN_DAYS, after=OWN_DAYS, default=st.none() | DAYS)
def test_ages_are_gone_through_again_exactly_where_a_dag_came_in(
    before: dict[str, float], after: dict[str, float], default: float | None
) -> None:
    repeated = ages_to_repeat(before, after, default)

    for dag_id in "abcdef":
        old, new = before.get(dag_id, default), after.get(dag_id, default)
        assert old == new or new is None or new in repeated
    assert before != after or not repeated


def test_the_newest_document_of_a_dag_says_how_long_its_values_stay() -> None:
    facts = {
        name: DocumentFacts(xcom_retention_days=days) for name, days in (("o", 1.0), ("n", 9.0), ("x", None))
    }
    uses = [
        DocumentUse(document_hash=name, dag_id=dag_id, is_current=is_current)
        for name, dag_id, is_current in (("n", "sales", True), ("o", "sales", False), ("x", "costs", True))
    ]

    assert xcom_days(uses, facts) == {"sales": 9.0}


@given(saved=SAVED, current=st.sets(st.sampled_from("0123456789abcdef")), kept_max=st.integers(0, 5))
def test_current_and_newest_and_just_saved_snapshots_are_no_surplus_and_all_others_are(
    saved: list[tuple[str, datetime]], current: set[str], kept_max: int
) -> None:
    surplus = surplus_snapshots(saved, current=current, kept_max=kept_max, now=NOW)

    at = dict(saved)
    others = set(at) - current
    kept = others - set(surplus)
    assert set(surplus) <= others
    assert len(kept) >= min(kept_max, len(others))
    assert all(at[one] <= at[other] for one in surplus for other in kept)
    assert all(NOW - at[one] > SNAPSHOT_AGE_MIN for one in surplus)
    if len(kept) > kept_max:
        assert all(
            NOW - at[one] <= SNAPSHOT_AGE_MIN
            for one in sorted(kept, key=at.__getitem__)[: len(kept) - kept_max]
        )
    assert [at[one] for one in surplus] == sorted(at[one] for one in surplus)


def test_a_snapshot_stays_while_one_needed_document_names_it() -> None:
    facts = {
        "d1": DocumentFacts(code_hash="c1"),
        "d2": DocumentFacts(code_hash="c1"),
        "d3": DocumentFacts(code_hash="c2"),
    }

    assert unneeded_snapshots(["c1", "c2", "c3"], facts, {"d2"}) == ["c2", "c3"]
    assert unneeded_snapshots(["c1", "c2", "c3"], facts, set()) == ["c1", "c2", "c3"]
