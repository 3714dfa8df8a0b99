"""What failures bring about besides themselves: the rest of a `fail_fast` run, and a DAG that is paused."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from windward.core.actions import Action, MoveRun, MoveTask
from windward.core.fail_fast import brought_down, decide_auto_pause, is_fatal
from windward.core.view import RunView
from windward.engine.cache import Cache
from windward.engine.work import Pass

Act = Callable[[Pass, Hashable, Action], None]


def note_failure(cache: Cache, work: Pass, moved: MoveTask) -> None:
    """Remember a failure that brings down its run: that is decided when the decision it is part of is complete."""
    run_pk = moved.key.run_pk
    if is_fatal(cache.views.get(run_pk), moved):
        work.failed.setdefault(run_pk, moved)
        cache.dirty_runs.add(run_pk)


def bring_down(act: Act, work: Pass, view: RunView) -> None:
    """End the rest of a run in which a task has failed."""
    failed = work.failed.pop(view.run.run_pk, None)
    for more in brought_down(view, failed) if failed is not None else ():
        act(work, view.run.run_pk, more)


def end_run(cache: Cache, act: Act, work: Pass, view: RunView, end: MoveRun) -> None:
    """End a run; the DAG is paused when too many of its runs have failed."""
    work.asks_callbacks |= end.callback is not None
    act(work, end.run_pk, end)
    dag = cache.dags.get(end.dag_id)
    pause = decide_auto_pause(view.plan.document, dag, now=work.now) if dag is not None else None
    if pause is not None:
        act(work, end.run_pk, pause)
