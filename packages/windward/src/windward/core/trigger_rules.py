"""The trigger rules: from a tally of upstreams to a verdict, one pure function per rule.

Source of the meaning: Airflow 2.11 and 3.x. A rule without upstreams is not asked. All rules but
`all_success` give the same verdict in whatever order the upstreams finish; `all_success` decides at
once, so a skip that arrives before a failure skips and the other way round fails. That is Airflow's
behaviour, kept deliberately and pinned by a test.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from windward.core.tally import Tally
from windward.model.states import TriggerRule


class Verdict(StrEnum):
    """What a rule says of a task."""

    WAIT = "wait"
    RUN = "run"
    SKIP = "skip"
    UPSTREAM_FAILED = "upstream_failed"


def evaluate(rule: TriggerRule, tally: Tally) -> Verdict:
    """Return the verdict of `rule` over `tally`."""
    if tally.total == 0:
        return Verdict.RUN
    return _RULES[rule](tally)


def _all_success(tally: Tally) -> Verdict:
    if tally.any_failed:
        return Verdict.UPSTREAM_FAILED
    if tally.skipped:
        return Verdict.SKIP
    return _run_if(tally.success + tally.removed >= tally.total)


def _all_failed(tally: Tally) -> Verdict:
    if tally.success or tally.skipped:
        return Verdict.SKIP
    return _run_if(tally.all_done)


def _all_done(tally: Tally) -> Verdict:
    return _run_if(tally.all_done)


def _all_done_min_one_success(tally: Tally) -> Verdict:
    if tally.skipped:
        return Verdict.SKIP
    if tally.all_done and not tally.success:
        return Verdict.UPSTREAM_FAILED
    return _run_if(tally.all_done)


def _all_done_setup_success(tally: Tally) -> Verdict:
    if not tally.all_done:
        return Verdict.WAIT
    if tally.setup_total == 0 or tally.setup_success:
        return Verdict.RUN
    return Verdict.SKIP if tally.setup_skipped >= tally.setup_total else Verdict.UPSTREAM_FAILED


def _one_success(tally: Tally) -> Verdict:
    if tally.success:
        return Verdict.RUN
    if not tally.all_done:
        return Verdict.WAIT
    return Verdict.SKIP if tally.skipped + tally.removed >= tally.total else Verdict.UPSTREAM_FAILED


def _one_failed(tally: Tally) -> Verdict:
    if tally.any_failed:
        return Verdict.RUN
    return Verdict.SKIP if tally.all_done else Verdict.WAIT


def _one_done(tally: Tally) -> Verdict:
    if tally.success or tally.failed:
        return Verdict.RUN
    return Verdict.SKIP if tally.all_done else Verdict.WAIT


def _none_failed(tally: Tally) -> Verdict:
    if tally.any_failed:
        return Verdict.UPSTREAM_FAILED
    return _run_if(tally.all_done)


def _none_failed_min_one_success(tally: Tally) -> Verdict:
    if tally.any_failed:
        return Verdict.UPSTREAM_FAILED
    if tally.skipped + tally.removed >= tally.total and tally.skipped:
        return Verdict.SKIP
    if tally.all_done and not tally.success:
        return Verdict.UPSTREAM_FAILED
    return _run_if(tally.all_done)


def _none_skipped(tally: Tally) -> Verdict:
    if tally.skipped:
        return Verdict.SKIP
    return _run_if(tally.all_done)


def _all_skipped(tally: Tally) -> Verdict:
    if tally.success or tally.any_failed:
        return Verdict.SKIP
    return _run_if(tally.all_done)


def _always(_tally: Tally) -> Verdict:
    return Verdict.RUN


def _run_if(ready: bool) -> Verdict:  # noqa: FBT001 - a one-argument private helper
    return Verdict.RUN if ready else Verdict.WAIT


_RULES: dict[TriggerRule, Callable[[Tally], Verdict]] = {
    TriggerRule.ALL_SUCCESS: _all_success,
    TriggerRule.ALL_FAILED: _all_failed,
    TriggerRule.ALL_DONE: _all_done,
    TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: _all_done_min_one_success,
    TriggerRule.ALL_DONE_SETUP_SUCCESS: _all_done_setup_success,
    TriggerRule.ONE_SUCCESS: _one_success,
    TriggerRule.ONE_FAILED: _one_failed,
    TriggerRule.ONE_DONE: _one_done,
    TriggerRule.NONE_FAILED: _none_failed,
    TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: _none_failed_min_one_success,
    TriggerRule.NONE_SKIPPED: _none_skipped,
    TriggerRule.ALL_SKIPPED: _all_skipped,
    TriggerRule.ALWAYS: _always,
}
