"""The sequential executor: one attempt at a time, for tests and debugging."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from windward.executors.hub import Hub
from windward.executors.routes import Routes
from windward.protocol.work import AttemptRef, Submission


class SequentialExecutor:
    """Implements `windward.ports.executor.Executor`: the scheduler admits one attempt, and the next when it ended."""

    name = "sequential"

    def __init__(self, hub: Hub) -> None:
        self._routes = Routes(hub)

    def capacity(self) -> int:
        """Return 1 while a host is connected."""
        return min(1, self._routes.capacity())

    def submit(self, work: Sequence[Submission]) -> list[str]:
        """Send each attempt to the host with most room; return the ids of the hosts."""
        return self._routes.submit(work)

    def placed(self) -> list[tuple[AttemptRef, str]]:
        """Return what had waited for a host of its queue, and the host that each went to."""
        return self._routes.placed()

    def avoid(self, host_ids: Collection[str]) -> None:
        """Hand nothing new to these hosts."""
        self._routes.avoid(host_ids)

    def cancel(self, refs: Sequence[AttemptRef], *, reason: str) -> None:
        """Tell the hosts that have these attempts to stop them."""
        self._routes.cancel(refs, reason=reason)
