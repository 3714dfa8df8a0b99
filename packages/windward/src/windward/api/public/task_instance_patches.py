"""What a body asks for of task instances, done: a state set, a note written, or said what that would change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from windward.api.contract.masks import masked
from windward.api.contract.operation import Call
from windward.api.contract.problem import InvalidRequest
from windward.api.public.task_instance_bodies import PatchTaskInstanceBody
from windward.api.public.task_instance_shapes import TaskInstanceState
from windward.core.view import RunView
from windward.engine.people import tasks
from windward.engine.people.desk import RestlessError
from windward.errors import ConflictError, NotFoundError, WindwardError
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import TaskState

SETTABLE = (TaskInstanceState.SUCCESS, TaskInstanceState.FAILED, TaskInstanceState.SKIPPED)


class Meant:
    """The instances that a request names: of one task, of one index, or of the tasks of a group."""

    def __init__(
        self, run: RunRecord, names: Collection[str], map_index: int | None, body: PatchTaskInstanceBody
    ) -> None:
        self.run = run
        self.names = tuple(names)
        self._map_index = map_index
        self._body = body

    def named(self, view: RunView) -> list[TaskRecord]:
        """Return them, without what stands around them."""
        return sorted(
            (
                record
                for record in view.all_instances()
                if record.task_id in self.names and self._map_index in (None, record.map_index)
            ),
            key=lambda record: record.key,
        )

    def choose(self, view: RunView) -> list[TaskRecord]:
        """Return them with the tasks above and below them that the body includes."""
        body = self._body
        return tasks.chosen(
            view,
            self.names,
            map_index=self._map_index,
            upstream=body.include_upstream,
            downstream=body.include_downstream,
        )


def patched(
    call: Call[Any, Any], meant: Meant, body: PatchTaskInstanceBody, mask: Sequence[str]
) -> tuple[list[TaskKey], list[TaskKey] | None]:
    """Write a note and set a state; return the named instances, and those whose state was set (None: none was given).

    Raises:
        ConflictError: when all of them are in that state already; nothing was changed.
    """
    desk, by = call.services.desk, call.principal.name
    given = _given(body, mask)
    mark = _mark(given, meant)
    named = [record.key for record in meant.named(desk.view(meant.run))]
    runs = _runs(call, meant, body) if mark is not None else []
    if mark is not None:
        foreseen = tasks.foreseen_marks(desk, runs, meant.choose, mark, by=by)
        if not any(moves for _, moves in foreseen):
            raise _same(meant, mark.state)
    note = _note(given, named, mask)
    if mark is None:
        if note is not None:
            tasks.write_task_note(desk, note.keys, note.text)
        return named, None
    mark = msgspec.structs.replace(mark, note=note)
    marked = tasks.mark_tasks(desk, runs, meant.choose, mark, by=by)
    if not marked and note is None:
        raise _same(meant, mark.state)
    return named, marked


class Looked(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What somebody means, as it is in its run: the instances that are named, and those with what stands around them."""

    meant: Meant
    named: list[TaskKey]
    chosen: frozenset[TaskKey]


def looked_at(call: Call[Any, Any], meant: Sequence[Meant]) -> list[Looked]:
    """Look at what is meant, at each run once; one that names nothing was not found."""
    of_run = _by_run(meant)
    found = {
        one: Looked(
            meant=one,
            named=[record.key for record in one.named(view)],
            chosen=frozenset(record.key for record in one.choose(view)),
        )
        for view in call.services.desk.views(_runs_of(meant))
        for one in of_run[view.run.run_pk]
    }
    return [found[one] for one in meant]


def patched_together(
    call: Call[Any, Any], looked: Sequence[Looked], body: PatchTaskInstanceBody, mask: Sequence[str]
) -> dict[Looked, WindwardError]:
    """Do to several what `patched` does to one, many runs in one transaction; return what was refused, and why.

    `body` says the same of all of them, and includes no other runs.

    Raises:
        InvalidRequest: when it asks for what cannot be; nothing was changed.
    """
    desk, by = call.services.desk, call.principal.name
    given = _given(body, mask)
    mark = _mark(given, looked[0].meant)
    if mark is None:
        note = _note(given, [key for one in looked for key in one.named], mask)
        if note is not None:
            tasks.write_task_note(desk, note.keys, note.text)
        return {}
    foreseen_marks = tasks.foreseen_marks(desk, *_choice([one.meant for one in looked]), mark, by=by)
    moved = {move.key for _, moves in foreseen_marks for move in moves}
    refused: dict[Looked, WindwardError] = {
        one: _same(one.meant, mark.state) for one in looked if one.chosen.isdisjoint(moved)
    }
    going_on = [one for one in looked if one not in refused]
    of_run = _by_run([one.meant for one in going_on])
    mark = msgspec.structs.replace(
        mark,
        below=lambda view: {name for one in of_run[view.run.run_pk] for name in one.names},
        note=_note(given, [key for one in going_on for key in one.named], mask),
    )
    try:
        tasks.mark_tasks(desk, *_choice([one.meant for one in going_on]), mark, by=by)
    except RestlessError as error:
        restless = {run.run_pk: RestlessError([run]) for run in error.runs}
        for one in going_on:
            if one.meant.run.run_pk in restless:
                refused[one] = restless[one.meant.run.run_pk]
    return refused


def _choice(meant: Sequence[Meant]) -> tuple[list[RunRecord], tasks.Choose]:
    """Return the runs of what is meant, and what says which of their instances that is."""
    of_run = _by_run(meant)

    def choose(view: RunView) -> list[TaskRecord]:
        found = {record.key: record for one in of_run[view.run.run_pk] for record in one.choose(view)}
        return list(found.values())

    return _runs_of(meant), choose


def _by_run(meant: Iterable[Meant]) -> dict[int, list[Meant]]:
    found = defaultdict[int, list[Meant]](list)
    for one in meant:
        found[one.run.run_pk].append(one)
    return found


def _runs_of(meant: Iterable[Meant]) -> list[RunRecord]:
    return list({one.run.run_pk: one.run for one in meant}.values())


def foreseen(
    call: Call[Any, Any], meant: Meant, body: PatchTaskInstanceBody, mask: Sequence[str]
) -> list[TaskKey]:
    """Return the instances that `patched` would change."""
    desk = call.services.desk
    mark = _mark(_given(body, mask), meant)
    if mark is None:
        return [record.key for record in meant.named(desk.view(meant.run))]
    runs = _runs(call, meant, body)
    foreseen = tasks.foreseen_marks(desk, runs, meant.choose, mark, by=call.principal.name)
    return [move.key for _, moves in foreseen for move in moves]


def _same(meant: Meant, state: TaskState) -> ConflictError:
    what = f"Task id {meant.names[0]} is" if len(meant.names) == 1 else "All task instances in the group are"
    return ConflictError(f"{what} already in {state} state")


def _note(given: Mapping[str, Any], keys: Sequence[TaskKey], mask: Sequence[str]) -> tasks.TaskNote | None:
    """Return what is to be noted; without a mask, null leaves a note as it is."""
    if "note" not in given or (given["note"] is None and not mask):
        return None
    return tasks.TaskNote(keys=tuple(keys), text=given["note"])


def _given(body: PatchTaskInstanceBody, mask: Sequence[str]) -> Mapping[str, Any]:
    given = {name: value for name, value in masked(body, mask).items() if name in ("new_state", "note")}
    if "new_state" in given and given["new_state"] not in SETTABLE:
        raise InvalidRequest.of(
            ("body", "new_state"),
            kind="value_error",
            message=f"is not one of: {', '.join(SETTABLE)}",
            given=given["new_state"],
        )
    return given


def _mark(given: Mapping[str, Any], meant: Meant) -> tasks.Mark | None:
    if given.get("new_state", UNSET) is UNSET:
        return None
    return tasks.Mark(state=TaskState(given["new_state"]), below=lambda _: meant.names)


def _runs(call: Call[Any, Any], meant: Meant, body: PatchTaskInstanceBody) -> list[RunRecord]:
    return tasks.with_neighbours(
        call.services.desk, [meant.run], past=body.include_past, future=body.include_future
    )


def meant_of_task(
    call: Call[Any, Any],
    place: tuple[str, str, str],
    map_index: int | None,
    body: PatchTaskInstanceBody,
) -> Meant:
    """Return what a DAG, a run, a task and an index (None: any) name.

    Raises:
        NotFoundError: when there is no such instance.
    """
    dag_id, run_id, task_id = place
    run = call.services.store.runs.find_run(dag_id, run_id=run_id)
    if run is not None:
        indexes = call.services.listings.instances.of_task(dag_id, run_id, task_id)
        if indexes and (map_index is None or map_index in indexes):
            return Meant(run, [task_id], map_index, body)
    raise not_found(place, map_index)


def not_found(place: tuple[str, str, str], map_index: int | None) -> NotFoundError:
    """Return what is said of an instance of a DAG, a run, a task and an index (None: any) that is not there."""
    dag_id, run_id, task_id = place
    return NotFoundError(
        f"The Task Instance with dag_id: `{dag_id}`, run_id: `{run_id}`, task_id: `{task_id}` "
        f"and map_index: `{map_index}` was not found"
    )
