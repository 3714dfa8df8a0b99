"""`LatestOnlyOperator`: lets only the newest slot of a schedule go on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from windward.model.states import RunType
from windward.protocol.calls import BoolAnswer, LatestSlot
from windward.sdk import bridge
from windward.sdk.exceptions import AirflowException
from windward.sdk.skip import BaseBranchOperator


class LatestOnlyOperator(BaseBranchOperator):
    """Skip the tasks after this one unless the run is the newest of its schedule; manual runs always go on."""

    ui_color = "#e9ffdb"

    def choose_branch(self, context: Any) -> str | Iterable[str] | None:
        """Return every task after this one, or none."""
        run = context["dag_run"]
        if run.run_type == RunType.MANUAL:
            self.log.info("Manually triggered DAG_Run: allowing execution to proceed.")
            return sorted(self.downstream_task_ids)
        answer = bridge.current_bridge(purpose="`LatestOnlyOperator`").call(
            LatestSlot(dag_id=run.dag_id, run_id=run.run_id)
        )
        if not isinstance(answer, BoolAnswer):
            raise AirflowException(f"whether run `{run.run_id}` is the newest cannot be told: {answer}")
        if answer.value:
            self.log.info("Latest, allowing execution to proceed.")
            return sorted(self.downstream_task_ids)
        self.log.info("Not latest execution, skipping downstream.")
        return []
