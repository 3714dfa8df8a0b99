"""Ways to get attempts to worker hosts. No executor imports another; none speaks SQL."""

from __future__ import annotations

from windward.executors.doors import Doors, open_doors, scheduler_socket, wake_socket
from windward.executors.hub import Hub
from windward.executors.registry import make_executor

__all__ = ["Doors", "Hub", "make_executor", "open_doors", "scheduler_socket", "wake_socket"]
