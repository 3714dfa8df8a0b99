"""The local executor: as many attempts at once as the worker hosts of this machine take."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from windward.executors.hub import Hub
from windward.executors.routes import Routes
from windward.protocol.work import AttemptRef, Submission


class LocalExecutor:
    """Implements `windward.ports.executor.Executor` with the worker hosts of a hub."""

    name = "local"

    def __init__(self, hub: Hub) -> None:
        self._routes = Routes(hub)

    def capacity(self) -> int:
        """Return the capacity of all connected hosts."""
        return self._routes.capacity()

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
