"""Decorators of 1.10 that have nothing left to do (`airflow.utils.decorators`)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

from windward.sdk.exceptions import RemovedInAirflow3Warning

F = TypeVar("F", bound=Callable[..., object])


def apply_defaults(func: F) -> F:
    """Return the `__init__` of an operator as it is: every operator takes `default_args` on its own."""
    warnings.warn(
        "`apply_defaults` does nothing since operators take `default_args` on their own; leave it out",
        RemovedInAirflow3Warning,
        stacklevel=2,
    )
    return func
