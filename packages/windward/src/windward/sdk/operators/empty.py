"""`EmptyOperator`: a task with nothing to run, to join and split the graph; the scheduler finishes it itself."""

from __future__ import annotations

from typing import Any

from windward.sdk.operator import BaseOperator


class EmptyOperator(BaseOperator):
    """A task that does nothing."""

    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True

    def execute(self, context: Any) -> None:
        """Do nothing."""


DummyOperator = EmptyOperator
"""The name of 1.10 and early 2.x."""
