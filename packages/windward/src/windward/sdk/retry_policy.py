"""Retry policies: whether and when a failed try is tried again, by the exception that ended it.

A policy is asked in the task's own process. It may fail a task earlier and choose the delay, but never adds retries;
`AirflowFailException` and `AirflowSensorTimeout` fail without asking it.
"""

from __future__ import annotations

import abc
import importlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

log = logging.getLogger("airflow.task")

ExceptionSpec = type[BaseException] | str
"""An exception class, or its dotted import path."""


class RetryAction(Enum):
    """What follows a failure."""

    RETRY = "retry"
    FAIL = "fail"
    DEFAULT = "default"


@dataclass(frozen=True)
class RetryDecision:
    """What a policy decided; without `retry_delay` the task's own delay counts."""

    action: RetryAction = RetryAction.DEFAULT
    retry_delay: timedelta | None = None
    reason: str | None = None

    @classmethod
    def fail(cls, reason: str | None = None) -> RetryDecision:
        """Fail now, whatever retries are left."""
        return cls(RetryAction.FAIL, reason=reason)

    @classmethod
    def retry(cls, delay: timedelta | None = None, reason: str | None = None) -> RetryDecision:
        """Try again, as long as retries are left."""
        return cls(RetryAction.RETRY, delay, reason)

    @classmethod
    def default(cls) -> RetryDecision:
        """Do as if there were no policy."""
        return cls()


class RetryPolicy(abc.ABC):
    """What decides on a failed try; subclasses write `evaluate`."""

    @abc.abstractmethod
    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Any = None
    ) -> RetryDecision:
        """Decide what follows this exception; `try_number` counts from 1, `max_tries` are the retries allowed."""

    def serialize(self) -> dict[str, Any]:
        """Return the policy as plain data, for display; subclasses may say more."""
        return {"class": f"{type(self).__module__}.{type(self).__qualname__}"}


@dataclass
class RetryRule:
    """Exceptions and what to do about them."""

    exception: ExceptionSpec | list[ExceptionSpec]
    action: RetryAction = RetryAction.RETRY
    retry_delay: timedelta | None = None
    reason: str | None = None
    match_subclasses: bool = True

    def __post_init__(self) -> None:
        for spec in self._specs:
            if isinstance(spec, str) and "." not in spec:
                raise ValueError(
                    f"an exception of a RetryRule is named by its dotted import path, as in "
                    f"'builtins.ValueError', not {spec!r}"
                )

    @property
    def _specs(self) -> list[ExceptionSpec]:
        return self.exception if isinstance(self.exception, list) else [self.exception]

    @property
    def exception_path(self) -> str:
        """The dotted import paths of the exceptions, with commas between them."""
        return ",".join(self._paths)

    @property
    def _paths(self) -> list[str]:
        return [
            spec if isinstance(spec, str) else f"{spec.__module__}.{spec.__qualname__}"
            for spec in self._specs
        ]

    def matches(self, exc: BaseException) -> bool:
        """Whether the rule is about this exception; a class that cannot be imported matches nothing."""
        classes = tuple(found for spec in self._specs if (found := _class_of(spec)) is not None)
        return isinstance(exc, classes) if self.match_subclasses else type(exc) in classes

    def serialize(self) -> dict[str, Any]:
        """Return the rule as plain data."""
        paths = self._paths
        found: dict[str, Any] = {
            "exception": paths if len(paths) > 1 else paths[0],
            "action": self.action.value,
            "match_subclasses": self.match_subclasses,
        }
        if self.retry_delay is not None:
            found["retry_delay"] = self.retry_delay.total_seconds()
        if self.reason is not None:
            found["reason"] = self.reason
        return found

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RetryRule:
        """Return the rule that `serialize` gave as data."""
        delay = data.get("retry_delay")
        return cls(
            exception=data["exception"],
            action=RetryAction(data["action"]),
            retry_delay=None if delay is None else timedelta(seconds=delay),
            reason=data.get("reason"),
            match_subclasses=data.get("match_subclasses", True),
        )


class ExceptionRetryPolicy(RetryPolicy):
    """Rules in order: the first that matches decides, `default` when none does."""

    def __init__(self, rules: Sequence[RetryRule], default: RetryAction = RetryAction.DEFAULT) -> None:
        self.rules = list(rules)
        self.default = default

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Any = None
    ) -> RetryDecision:
        """Return what the first matching rule says."""
        del try_number, max_tries, context
        for rule in self.rules:
            if rule.matches(exception):
                reason = rule.reason or f"a rule for {type(exception).__name__}"
                return RetryDecision(rule.action, rule.retry_delay, reason)
        return RetryDecision(self.default)

    def serialize(self) -> dict[str, Any]:
        """Return the rules as plain data."""
        return {"rules": [rule.serialize() for rule in self.rules], "default": self.default.value}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> ExceptionRetryPolicy:
        """Return the policy that `serialize` gave as data."""
        rules = [RetryRule.deserialize(rule) for rule in data["rules"]]
        return cls(rules, RetryAction(data.get("default", RetryAction.DEFAULT.value)))


def _class_of(spec: ExceptionSpec) -> type[BaseException] | None:
    if isinstance(spec, type):
        return spec
    module, _, name = spec.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        log.warning("the exception `%s` of a RetryRule cannot be imported and matches nothing", spec)
        return None
    return found if isinstance(found, type) and issubclass(found, BaseException) else None
