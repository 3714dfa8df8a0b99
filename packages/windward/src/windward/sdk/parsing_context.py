"""For which task a DAG file is imported: `get_parsing_context()`, so that a file of many DAGs may make only that one.

Most often for none: the processor wants all DAGs, and a worker imports a file once for all attempts to come. A file
that reads variables or connections while it is imported, or starts threads, is imported anew for each attempt; then
it is for the task of that attempt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class AirflowParsingContext(NamedTuple):
    """The DAG and the task for which the file is imported; None for all of them."""

    dag_id: str | None
    task_id: str | None


_current: ContextVar[AirflowParsingContext | None] = ContextVar("windward_parsing_context", default=None)


def get_parsing_context() -> AirflowParsingContext:
    """Return for what the file is imported right now; outside of an import it is for nothing in particular."""
    return _current.get() or AirflowParsingContext(None, None)


@contextmanager
def importing_for(dag_id: str | None, task_id: str | None) -> Iterator[None]:
    """Have files know in the block for what they are imported."""
    before = _current.set(AirflowParsingContext(dag_id, task_id))
    try:
        yield
    finally:
        _current.reset(before)
