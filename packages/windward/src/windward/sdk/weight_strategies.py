"""Priorities of authors' own (`airflow.task.priority_strategy`): asked once for each try while a file is read.

The scheduler runs no user code, so that what a strategy says cannot depend on a run. As in Airflow, its `try_number` is
that of the tries before the one that is asked for: 0 for the first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from typing import Any

from windward.errors import UserError
from windward.model.states import WeightRule
from windward.sdk.planned import TRIES_ASKED_MAX, planned_instance, within_int32


class PriorityWeightStrategy(ABC):
    """Says how urgent an instance is; the greatest weight goes first."""

    @abstractmethod
    def get_weight(self, ti: Any) -> int:
        """Return the weight of an instance, relatives included."""

    def __eq__(self, other: object) -> bool:
        """Strategies have no state: two of a kind are equal."""
        return isinstance(other, type(self))

    def __hash__(self) -> int:
        """Return the hash of the kind."""
        return hash(type(self))


def weight_rule_of(value: Any, what: str) -> WeightRule | PriorityWeightStrategy:
    """Return the rule that a name means, or the strategy: an instance, a class, or the import path of one.

    Raises:
        UserError: when it is none of them.
    """
    if isinstance(value, PriorityWeightStrategy):
        return value
    name = str(getattr(value, "value", value))
    if not isinstance(value, type):
        try:
            return WeightRule(name)
        except ValueError as error:
            if "." not in name:
                raise _unknown(name, what) from error
            value = _imported(name, what)
    if not (isinstance(value, type) and issubclass(value, PriorityWeightStrategy)):
        raise _unknown(name, what)
    return value()


def asked_weights(strategy: PriorityWeightStrategy, task: Any) -> tuple[int, tuple[int, ...]]:
    """Return the weight of the first try of a task, and of those after it when they differ, within 32 bits.

    Raises:
        UserError: when the strategy gives no number.
    """
    tries = min(int(task.retries or 0), TRIES_ASKED_MAX) + 1
    first, *later = [_asked(strategy, task, number) for number in range(tries)]
    return first, tuple(later) if any(weight != first for weight in later) else ()


def _asked(strategy: PriorityWeightStrategy, task: Any, tries_before: int) -> int:
    dag_id = getattr(getattr(task, "dag", None), "dag_id", None)
    weight = strategy.get_weight(planned_instance(task, dag_id=dag_id, tries_before=tries_before))
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        raise UserError(
            f"`{type(strategy).__name__}` gives `{weight!r}` as the weight of task `{task.task_id}`",
            hint="`get_weight` returns a whole number.",
        )
    return within_int32(int(weight))


def _imported(path: str, what: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"`weight_rule` {what} is `{path}`, which cannot be imported: {error}",
            hint="Give the strategy itself, or the import path of its class.",
        ) from error


def _unknown(name: str, what: str) -> UserError:
    return UserError(
        f"`weight_rule` {what} is `{name}`, an unknown priority strategy",
        hint=f"Use one of {', '.join(f'`{rule}`' for rule in WeightRule)}, or a `PriorityWeightStrategy`.",
    )
