"""Operators whose work is a coroutine, run to its end in an event loop of the task's own process.

Many calls at a time in one task that holds its slot; a task that only waits is better deferred, and holds none.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from windward.sdk.operator import BaseOperator


class BaseAsyncOperator(BaseOperator):
    """An operator that is written as `async def aexecute(self, context)`."""

    @property
    def is_async(self) -> bool:
        """Whether the work is a coroutine."""
        return True

    async def aexecute(self, context: Any) -> Any:
        """Do the work. Subclasses write this."""
        raise NotImplementedError(f"`{type(self).__name__}` has no `aexecute`")

    def execute(self, context: Any) -> Any:
        """Run `aexecute` to its end."""
        return run_coroutine(self.aexecute(context))


def run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a loop that ends with it: what it left running is cancelled, also by a stop or a timeout."""
    import asyncio  # few tasks are coroutines, and it takes longer to import than all that a short task does

    return asyncio.run(coroutine)
