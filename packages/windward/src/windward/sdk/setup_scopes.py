"""`with setup_task:` blocks: tasks made inside run between the setups and the teardowns of the block.

The links are made when the block ends, from the tasks that have no neighbours yet, as in Airflow: a task that
already waits for one outside of the block is not linked to the setup.
"""

from __future__ import annotations

from typing import Any

from windward.sdk.relations import RelationError

_stack: list[SetupScope] = []


class SetupScope:
    """One open block. `tasks` are the members, in the order they were made."""

    def __init__(self, setups: list[Any], teardowns: list[Any]) -> None:
        self.setups = setups
        self.teardowns = teardowns
        self.tasks: list[Any] = []

    def add_task(self, task: Any) -> None:
        """Make a task that was built elsewhere a member."""
        operator = getattr(task, "operator", task)
        if operator not in self.tasks:
            self.tasks.append(operator)

    def close(self) -> None:
        """Link the members with the setups and teardowns."""
        work = [task for task in self.tasks if not task.is_setup and not task.is_teardown]
        if not work:
            return
        if self.setups:
            firsts = [task for task in work if not task.upstream_task_ids] or work[:1]
            for setup in self.setups:
                setup.set_downstream(firsts)
        if self.teardowns:
            lasts = [task for task in work if not task.downstream_task_ids] or work[-1:]
            for teardown in self.teardowns:
                teardown.set_upstream(lasts)


def enter(operators: list[Any]) -> SetupScope:
    """Open the block of setups or teardowns; the teardowns of a setup, and the setups of a teardown, belong to it."""
    setups, teardowns = _around(operators)
    if _stack:
        outer = _stack[-1]
        for setup in outer.setups:
            setup.set_downstream([inner for inner in setups if inner is not setup])
        for teardown in outer.teardowns:
            teardown.set_upstream([inner for inner in teardowns if inner is not teardown])
    scope = SetupScope(setups, teardowns)
    _stack.append(scope)
    return scope


def leave() -> None:
    """Close the innermost block."""
    _stack.pop().close()


def note_new_task(task: Any) -> None:
    """Make a task that is being built a member of the innermost block."""
    if _stack:
        _stack[-1].tasks.append(task)


def _around(operators: list[Any]) -> tuple[list[Any], list[Any]]:
    if all(operator.is_setup for operator in operators):
        teardowns = [task for operator in operators for task in operator.downstream_list if task.is_teardown]
        return operators, _once(teardowns)
    if all(operator.is_teardown for operator in operators):
        setups = [task for operator in operators for task in operator.upstream_list if task.is_setup]
        return _once(setups), operators
    raise RelationError(
        "Only setup/teardown tasks can be used as context managers: mark them with `as_setup()`"
    )


def _once(tasks: list[Any]) -> list[Any]:
    return list({id(task): task for task in tasks}.values())
