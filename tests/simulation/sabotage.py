"""Known one-line bugs, planted one at a time: a simulator that does not catch them proves nothing.

Each is planted in a copy of the package; worlds are run on the copy until one fails. `python -m
tests.simulation.sabotage` plants all of them and says which were caught, and by which seed; words of names choose some.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import windward

PACKAGE = Path(windward.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
SEEDS_MAX = 1000
TIME_S_MAX = 300


@dataclass(frozen=True)
class Sabotage:
    """A bug: in `file`, the text `right` becomes `wrong`."""

    name: str
    file: str
    right: str
    wrong: str
    first: int = 0
    """The first world to try: of a bug that shows in few, one is known."""


PLANTED = (
    Sabotage(
        "a call is judged by what is remembered of its run alone",
        "engine/delivery.py",
        "                or self._service.was_last(call.ref)\n",
        "",
    ),
    Sabotage(
        "a task that was deleted comes back with a fence that it had before",
        "core/people.py",
        "            fence=view.run.revision,\n",
        "",
    ),
    Sabotage(
        "a timetable's missed slots are left out in spite of catchup",
        "timetable/windows.py",
        "return due[-1] if due and not catchup else left[0]",
        "return due[-1] if due else left[0]",
    ),
    Sabotage(
        "a timetable's missed slots are run in spite of no catchup",
        "timetable/windows.py",
        "return due[-1] if due and not catchup else left[0]",
        "return left[0]",
    ),
    Sabotage(
        "the scheduler does not hear what timetables say anew",
        "engine/loading.py",
        "        self._assets.reload(documents)\n        self._load_windows(documents)\n",
        "        self._assets.reload(documents)\n",
    ),
    Sabotage(
        "max_active_runs is not a limit",
        "core/runs.py",
        "for run in due[: max(0, free)]",
        "for run in due[: max(0, free + 1)]",
    ),
    Sabotage(
        "a run that ends makes room before its end is written",
        "engine/cache.py",
        "                self.ending.setdefault(action.dag_id, []).append(view.run)\n",
        "",
    ),
    Sabotage(
        "what stands in line of the idle class is lost with a host",
        "engine/intake.py",
        "            return [*self.drain(), *now]",
        "            self.drain()\n            return now",
        first=1588,
    ),
    Sabotage(
        "a backfill knows no limit",
        "engine/backfills.py",
        "room = record.max_active_runs - self._cache.open",
        "room = 1_000 + record.max_active_runs - self._cache.open",
    ),
    Sabotage(
        "a failed run comes back against a person's word",
        "core/recovery.py",
        '    if run.is_recovery_stopped:\n        return "a person',
        '    if not run:\n        return "a person',
    ),
    Sabotage(
        "a backfill ends by what a pass is going to write",
        "core/backfill.py",
        "or waiting or open_runs",
        "or waiting",
    ),
    Sabotage(
        "a wish for a run is granted to each attempt",
        "core/triggering.py",
        "    if mine is not None and mine.state not in wish.again_after:\n",
        "    if mine is not None and mine.state in wish.again_after:\n",
    ),
    Sabotage(
        "what a deadline counts from is asked at each look",
        "store/memory/waits.py",
        "if (number, asked_round) not in there:",
        "if (number, asked_round, 0) not in there:",
    ),
    Sabotage(
        "what a deadline counts from is asked and forgotten",
        "engine/waits.py",
        "        if deadline is not None:\n            self._watch(deadline)",
        "        if deadline is None:\n            self._watch(deadline)",
    ),
    Sabotage(
        "a task is late before its time",
        "core/slas.py",
        "is not None and due <= now\n",
        "is not None\n",
    ),
    Sabotage(
        "what a task has written is forgotten",
        "engine/workers.py",
        "self._decider.assets.written(work, found[0], moves[0].key, outcome.assets)",
        "self._decider.assets.written(work, found[0], moves[0].key, ())",
    ),
    Sabotage(
        "one of several assets is enough",
        "timetable/conditions.py",
        "return bool(parts) and all(holds(part, is_there) for part in parts)",
        "return bool(parts) and any(holds(part, is_there) for part in parts)",
    ),
    Sabotage(
        "a new leader does not know what waits",
        "engine/loading.py",
        "        self._assets.load()\n",
        "",
    ),
    Sabotage(
        "an ending is accepted whatever its fence",
        "core/attempts.py",
        "    if record is None or record.fence != fence:\n        return None\n    if record.state is TaskState.RESTARTING:",
        "    if record is None:\n        return None\n    if record.state is TaskState.RESTARTING:",
        first=3052,
    ),
    Sabotage(
        "a trigger's word counts whatever its fence",
        "core/deferral.py",
        "    if record is None or record.fence != fence or record.state is not TaskState.DEFERRED:",
        "    if record is None or record.state is not TaskState.DEFERRED:",
    ),
    Sabotage(
        "a trigger is given to another before it has stopped",
        "engine/holdings.py",
        "            leaving.update(moved)\n",
        "            self._put_back(moved)\n",
    ),
    Sabotage(
        "a triggerer that comes back keeps what another was given",
        "engine/holdings.py",
        "if self.is_current(ref) and self._at.get(key, host_id) == host_id:",
        "if self.is_current(ref):",
    ),
    Sabotage(
        "an old answer takes the place of a new one",
        "core/deadlines.py",
        " or (_is_asked_anew(alert) and asked_round != run.clear_number):",
        ":",
        first=2823,
    ),
    Sabotage(
        "what resumed a task is kept beyond its try",
        "core/actions.py",
        "    if task.trigger_class is not None and event not in WITHIN_TRY:",
        "    if task.trigger_class is None and event not in WITHIN_TRY:",
    ),
    Sabotage(
        "a start is granted whatever its fence",
        "core/attempts.py",
        '    if record.fence != fence:\n        return f"the attempt was superseded',
        '    if record.fence < 0:\n        return f"the attempt was superseded',
    ),
    Sabotage(
        "queueing does not raise the fence",
        "core/transitions.py",
        "        TaskEvent.QUEUE,\n        TaskEvent.REQUEUE,\n        TaskEvent.LOSE,",
        "        TaskEvent.REQUEUE,\n        TaskEvent.LOSE,",
    ),
    Sabotage(
        "all_success does not wait for the last upstream",
        "core/trigger_rules.py",
        "tally.success + tally.removed >= tally.total",
        "tally.success + tally.removed >= tally.total - 1",
    ),
    Sabotage(
        "none_failed forgets upstream_failed",
        "core/tally.py",
        "return self.failed + self.upstream_failed > 0",
        "return self.failed > 0",
    ),
    Sabotage(
        "a pool gives one slot too many",
        "core/admission.py",
        "used + lane.pool_slots > pool_size",
        "used + lane.pool_slots > pool_size + 1",
    ),
    Sabotage(
        "slots given in this pass are not counted against a limit",
        "core/admission.py",
        "            given[scope] = given.get(scope, 0) + 1",
        "            given[scope] = given.get(scope, 0)",
    ),
    Sabotage(
        "parallelism is forgotten",
        "core/admission.py",
        "free = min(limits.parallelism, capacity) - usage.total",
        "free = capacity + limits.parallelism - usage.total",
    ),
    Sabotage(
        "max_active_tis_per_dag is not a limit",
        "core/admission.py",
        "    if task.max_active_tis_per_dag is not None:",
        "    if task.max_active_tis_per_dag is None and task.max_active_tis_per_dag:",
    ),
    Sabotage(
        "slots are given away although what frees them was refused",
        "engine/scheduler.py",
        "                [expecting(name, work.groups[name], revisions) for name in names],\n"
        "                after=[expecting(name, work.after[name], revisions) for name in later],",
        "                [\n"
        "                    *(expecting(name, work.groups[name], revisions) for name in names),\n"
        "                    *(expecting(name, work.after[name], revisions) for name in later),\n"
        "                ],",
    ),
    Sabotage(
        "what people did meanwhile is not noticed",
        "engine/work.py",
        "    return [ExpectRun(run_pk=name, revision=revisions[name]), *actions]",
        "    return actions",
    ),
    Sabotage(
        "a refused group is taken as written",
        "engine/scheduler.py",
        "                self._refusals.take(work, name)\n                self._keep_inputs(work, [name])",
        "                pass",
    ),
    Sabotage(
        "a failed write is taken as nothing",
        "engine/scheduler.py",
        "if not isinstance(item, Woken)}.values())\n        self._lose_faith()",
        "if not isinstance(item, Woken)}.values())",
    ),
    Sabotage(
        "a lost lease is not noticed",
        "engine/scheduler.py",
        "                guard=self._guard,\n            )\n        except ConflictError:",
        "            )\n        except ConflictError:",
    ),
    Sabotage(
        "attempts of a dead worker are not settled",
        "engine/workers.py",
        "        for view, record in self._owned_by(host_id):\n            self._decider.lose(work, view, record, reason=reason)\n        for ref in",
        "        for ref in",
    ),
    Sabotage(
        "a queued attempt that nobody starts is never looked at again",
        "engine/starts.py",
        "        if record.state is TaskState.QUEUED and record.queued_at is not None:",
        "        if record.state is TaskState.REMOVED and record.queued_at is not None:",
    ),
    Sabotage(
        "retries are never due",
        "engine/deciding.py",
        "record.due_at <= work.now and record.state in QUEUEABLE",
        "record.due_at < record.due_at and record.state in QUEUEABLE",
    ),
    Sabotage(
        "depends_on_past does not wait",
        "core/past.py",
        "    if state not in GOOD:",
        "    if state is TaskState.REMOVED:",
    ),
    Sabotage(
        "an instance in a mapped group does not wait for its own map index",
        "core/scratch.py",
        "self._inner_tally(number, map_index) if map_index >= 0 else None",
        "None",
    ),
    Sabotage(
        "the end of an instance in a mapped group wakes nobody in it",
        "core/view.py",
        "            self.touch(below, index)\n        members",
        "            pass\n        members",
    ),
    Sabotage(
        "a run ends while a task waits for its retry",
        "core/view.py",
        "        if not is_finished:\n            self.unfinished += sign",
        "        if not is_finished and state is not TaskState.UP_FOR_RETRY:\n            self.unfinished += sign",
    ),
    Sabotage(
        "a slot's run may be made twice",
        "store/memory/apply.py",
        "        if is_taken or (run.dag_id, run.logical_date) in tables.run_by_date:",
        "        if is_taken:",
    ),
    Sabotage(
        "a cleared running task begins anew beside its old attempt",
        "core/transitions.py",
        "    TaskEvent.RESTART: (frozenset({S.RUNNING}), S.RESTARTING),",
        "    TaskEvent.RESTART: (frozenset({S.RUNNING}), S.NONE),",
    ),
)


def fits(sabotage: Sabotage) -> bool:
    """Whether the code has the one place where the bug can be planted."""
    return (PACKAGE / sabotage.file).read_text().count(sabotage.right) == 1


def plant(sabotage: Sabotage, folder: Path) -> None:
    """Copy the package below `folder` and plant the bug."""
    shutil.copytree(PACKAGE, folder / "windward", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "windward" / sabotage.file
    assert fits(sabotage), f"`{sabotage.name}` no longer fits {sabotage.file}"
    path.write_text(path.read_text().replace(sabotage.right, sabotage.wrong))


def is_caught(sabotage: Sabotage) -> str | None:
    """Return what the first failing world said, or None when all worlds were content."""
    with tempfile.TemporaryDirectory() as name:
        plant(sabotage, Path(name))
        environment = {
            **os.environ,
            "PYTHONPATH": f"{name}{os.pathsep}{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.simulation",
                "--n",
                str(SEEDS_MAX),
                "--from",
                str(sabotage.first),
                "--jobs",
                "1",
                "--first-failure",
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIME_S_MAX,
            check=False,
        )
    if done.returncode == 0:
        return None
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines()
    return lines[0] if lines else "it does not even start"


def main(words: Sequence[str]) -> int:
    """Plant all, or those whose name has one of the words, one after the other."""
    missed = 0
    chosen = [one for one in PLANTED if not words or any(word in one.name for word in words)]
    for sabotage in chosen:
        verdict = is_caught(sabotage)
        missed += verdict is None
        print(
            f"{'MISSED' if verdict is None else 'caught'}: {sabotage.name}: {(verdict or '')[:110]}",
            flush=True,
        )
    print(f"{len(chosen)} planted, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
