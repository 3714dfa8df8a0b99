"""Questions that tasks ask people, as people answer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from windward.core.human_input import decide_answer
from windward.engine.people.changes import note_change
from windward.engine.people.desk import TRIES_MAX, Desk
from windward.errors import ConflictError
from windward.model.records import RunRecord, TaskRecord
from windward.model.waits import InputRecord, Person
from windward.ports.store import Note


def asked_by(desk: Desk, task: TaskRecord) -> InputRecord | None:
    """Return the question of an instance's current try, or None."""
    return desk.store.waits.load_input(task.key, try_number=task.try_number)


def answer_input(
    desk: Desk,
    run: RunRecord,
    task: TaskRecord,
    *,
    chosen: Sequence[str],
    params_input: Mapping[str, Any],
    by: Person,
) -> InputRecord | None:
    """Answer the question of an instance's current try; return it with its answer, or None when it asks nothing.

    Raises:
        NotFoundError: when the instance is gone.
        ConflictError: when somebody was first, nobody waits any more, or the run does not hold still.
        NotAskedError: when the question was put to others.
        UserError: when an option is not offered, or a field does not fit its schema.
    """
    for _ in range(TRIES_MAX):
        asked = asked_by(desk, task)
        if asked is None:
            return None
        actions = decide_answer(
            task, asked, chosen=chosen, params_input=params_input, by=by, now=desk.clock.now()
        )
        if desk.store.runs.apply([actions], notes=[Note(kind="run", subject=str(run.run_pk))]).all:
            desk.wakeup.wake()
            note_change(
                "human_input",
                task.task_id,
                after={"chosen": list(chosen), "params_input": dict(params_input)},
                dag_id=run.dag_id,
                run_id=run.run_id,
                task_id=task.task_id,
            )
            return asked_by(desk, task)
        task = desk.instance(run, task.task_id, task.map_index)
    raise ConflictError(f"run `{run.run_id}` changes too quickly to be answered")
