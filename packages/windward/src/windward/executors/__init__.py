"""Ways to get attempts to worker hosts. No executor imports another; none speaks SQL."""

from __future__ import annotations

from windward.executors.doors import Doors, open_doors, scheduler_socket, wake_socket
from windward.executors.hub import Hub
from windward.executors.registry import make_executor
from windward.executors.remote import RemoteHosts

__all__ = ["Doors", "Hub", "RemoteHosts", "make_executor", "open_doors", "scheduler_socket", "wake_socket"]
