"""Values that are known only when a task runs. What they have in common, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class ResolveMixin:
    """A value in an argument that stands for another one; templating replaces it by `resolve(context)`."""

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        """Yield the tasks that the value needs, each with the XCom key that is read."""
        raise NotImplementedError

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the value for the running task instance."""
        raise NotImplementedError
