"""`dag.test()`, `windward dags test` and `windward tasks test`: what they take, what they print, how they end.

The run itself is a `windward.app.rehearsal.Rehearsal`: one process, no database, no retries.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from windward.app.dag_file import document_of, find_dag
from windward.app.masked_stream import MaskedFormatter, masked_output
from windward.app.rehearsal import Rehearsal
from windward.engine.contexts import run_context
from windward.errors import UserError
from windward.model.states import RunState
from windward.protocol.outcomes import Failed
from windward.sdk.bridge import use_bridge
from windward.settings import Settings, load

SUCCESS, FAILED, BAD_INPUT = 0, 1, 2


def run_dag_test(
    dag: Any,
    execution_date: datetime | None = None,
    run_conf: Mapping[str, Any] | None = None,
    conn_file_path: str | None = None,
    variable_file_path: str | None = None,
    use_executor: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
    mark_success_pattern: Any = None,
    *,
    logical_date: datetime | None = None,
    run_after: datetime | None = None,
    session: Any = None,
) -> Any:
    """Run a DAG that was built in this process; return its run. This is `dag.test()`.

    What tasks print goes where this process prints, without secrets, so that a debugger works. `use_executor` changes nothing here.
    """
    del use_executor, session
    from windward.sdk.dag_run import DagRunView

    settings = load(os.environ)
    _log_to_stderr()
    rehearsal = Rehearsal(settings, variables_file=variable_file_path, connections_file=conn_file_path)
    with masked_output():
        run = rehearsal.run(
            dag,
            {},
            document_of(dag, settings),
            logical_date=_aware(logical_date or execution_date or run_after, dag),
            conf=run_conf or {},
            mark_success_pattern=getattr(mark_success_pattern, "pattern", mark_success_pattern),
            is_live=False,
            captures=False,
        )
    return DagRunView(run_context(run), dag)


def run_dag_cli(dag: Any, words: Sequence[str]) -> int:
    """Do what `python orders.py test [DATE]` asks for; return the exit code."""
    if not words or words[0] != "test" or len(words) > 2:
        print(f"usage: {sys.argv[0]} test [DATE]", file=sys.stderr)  # noqa: T201 - a command's words
        return BAD_INPUT
    try:
        moment = datetime.fromisoformat(words[1]) if len(words) == 2 else None
    except ValueError:
        print(f"error: `{words[1]}` is no date\n\nhint: Write it as 2026-01-31.", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    run = run_dag_test(dag, logical_date=moment)
    return SUCCESS if run.state == RunState.SUCCESS else FAILED


def main(
    target: str,
    logical_date: datetime | None,
    conf: Mapping[str, Any],
    *,
    dag_id: str | None = None,
    mark_success_pattern: str | None = None,
    variables_file: str | None = None,
    connections_file: str | None = None,
    settings: Settings | None = None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run `windward dags test`; return 0 when the run succeeded, 1 when it failed, 2 when it could not begin."""
    settings = settings or load(environ or os.environ)
    try:
        rehearsal = Rehearsal(settings, variables_file=variables_file, connections_file=connections_file)
        with use_bridge(rehearsal.bridge):
            dag, dags = find_dag(target, settings, dag_id=dag_id)
            document = document_of(dag, settings)
        run = rehearsal.run(
            dag,
            dags,
            document,
            logical_date=logical_date,
            conf=conf,
            mark_success_pattern=mark_success_pattern,
            is_live=sys.stderr.isatty(),
            captures=True,
        )
    except UserError as error:
        print(f"error: {error.message}\n\nhint: {error.hint}", file=sys.stderr)  # noqa: T201 - a command's words
        return BAD_INPUT
    return SUCCESS if run.state is RunState.SUCCESS else FAILED


def test_task(
    dag_id: str,
    task_id: str,
    logical_date: datetime | None,
    *,
    map_index: int = -1,  # noqa: PT028 - a command, not a test
    params: Mapping[str, Any],
    env: Mapping[str, str],
    settings: Settings | None = None,  # noqa: PT028 - as above
    environ: Mapping[str, str] | None = None,  # noqa: PT028 - as above
) -> int:
    """Run `windward tasks test`: one task, here, whatever its upstreams; return the exit code as `main` does."""
    settings = settings or load(environ or os.environ)
    os.environ.update(env)
    _log_to_stderr()
    try:
        rehearsal = Rehearsal(settings)
        with use_bridge(rehearsal.bridge):
            dag, dags = find_dag(dag_id, settings)
            document = document_of(dag, settings)
        with masked_output():
            ending = rehearsal.run_one(
                dag, dags, document, (task_id, map_index), logical_date=logical_date, conf=params
            )
    except UserError as error:
        print(f"error: {error.message}\n\nhint: {error.hint}", file=sys.stderr)  # noqa: T201 - a command's words
        return BAD_INPUT
    outcome = type(ending.outcome).__name__.lower()
    print(f"{dag_id} {task_id}: {outcome}", file=sys.stderr)  # noqa: T201 - a command's words
    return FAILED if isinstance(ending.outcome, Failed) else SUCCESS


def _log_to_stderr() -> None:
    """Show what tasks log, unless this process has decided already what becomes of it."""
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(MaskedFormatter("%(levelname)s %(name)s: %(message)s"))
        logging.basicConfig(level=logging.INFO, handlers=[handler])


def _aware(moment: datetime | None, dag: Any) -> datetime | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dag.timezone)).astimezone(UTC)
