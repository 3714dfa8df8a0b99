"""The trigger rules told a second time, from the table of their meaning and not from our code.

Given the states of all direct upstreams, may the task start? Written for plain lists, so that nothing is
shared with the counters that the product uses.
"""

from __future__ import annotations

from windward.model.states import FAILURES, FINISHED, TaskState, TriggerRule

GOOD = {TaskState.SUCCESS, TaskState.REMOVED}


def may_start(rule: TriggerRule, states: list[TaskState], setups: list[TaskState]) -> bool:
    """Whether a task with these upstreams may start at this moment."""
    over = all(state in FINISHED for state in states)
    any_success = any(state is TaskState.SUCCESS for state in states)
    any_skipped = any(state is TaskState.SKIPPED for state in states)
    any_failed = any(state in FAILURES for state in states)
    answers = {
        TriggerRule.ALL_SUCCESS: all(state in GOOD for state in states),
        TriggerRule.ALL_FAILED: all(state in FAILURES or state is TaskState.REMOVED for state in states),
        TriggerRule.ALL_DONE: over,
        TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: over and any_success and not any_skipped,
        TriggerRule.ALL_DONE_SETUP_SUCCESS: over and (not setups or TaskState.SUCCESS in setups),
        TriggerRule.ONE_SUCCESS: any_success,
        TriggerRule.ONE_FAILED: any_failed,
        TriggerRule.ONE_DONE: any_success or TaskState.FAILED in states,
        TriggerRule.NONE_FAILED: over and not any_failed,
        TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: over and not any_failed and any_success,
        TriggerRule.NONE_SKIPPED: over and not any_skipped,
        TriggerRule.ALL_SKIPPED: over and not any_success and not any_failed,
        TriggerRule.ALWAYS: True,
    }
    return answers[rule]
