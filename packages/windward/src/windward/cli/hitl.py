"""`windward hitl`: the questions that tasks ask people, and their answers."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from windward.cli.arguments import Commands, Parser, at_least

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.model.records import RunRecord
    from windward.model.waits import InputRecord


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list questions that wait for an answer", output=True)
    listing.add_argument("--dag-id", metavar="DAG", help="of this DAG only")
    listing.add_argument("--all", action="store_true", help="answered ones too")
    listing.add_argument("--limit", type=at_least(1), default=100, metavar="N", help="at most so many")
    show = commands.add("show", _show, "show one question", output=True)
    respond = commands.add("respond", _respond, "answer a question")
    for command in (show, respond):
        command.add_argument("dag_id", metavar="DAG")
        command.add_argument("task_id", metavar="TASK")
        command.add_argument("run", metavar="RUN", help="run id or logical date")
        command.add_argument("--map-index", type=int, default=-1, metavar="N", help="which mapped instance")
    respond.add_argument("options", metavar="OPTION", nargs="+", help="what is chosen")
    respond.add_argument("--params", metavar="JSON", help="the fields of the form, as a JSON object")
    respond.add_argument("--as", dest="user", metavar="NAME", help="who answers; you, when left out")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.columns import HITL_COLUMNS
    from windward.cli.lookup import found_dag
    from windward.cli.output import show_rows

    if args.dag_id is not None:
        found_dag(session, args.dag_id)
    asked = session.store.waits.list_inputs(open_only=not args.all, limit=args.limit)
    runs = {run.run_pk: run for run in session.store.runs.load_runs([one.run_pk for one in asked])}
    rows = [
        _row(one, runs[one.run_pk])
        for one in asked
        if one.run_pk in runs and args.dag_id in {None, runs[one.run_pk].dag_id}
    ]
    show_rows(rows, output=args.output, columns=HITL_COLUMNS)
    return 0


def _show(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows

    run, asked = _found(args, session)
    request = asked.request
    row = {
        **_row(asked, run),
        "body": request.body,
        "defaults": request.defaults,
        "multiple": request.multiple,
        "params": request.params,
        "assigned_users": [user.name for user in request.assigned_users],
        "asked_at": asked.asked_at,
        "answered_at": asked.answered_at,
        "params_input": asked.params_input,
    }
    show_rows([row], output=args.output)
    return 0


def _respond(args: Namespace, session: Session) -> int:
    from windward.cli.dags_write import person
    from windward.cli.lookup import found_instance
    from windward.cli.output import note
    from windward.engine.people.inputs import answer_input
    from windward.errors import ConflictError, UserError
    from windward.model.waits import Person

    name = args.user or person()
    values = params_of(args.params)
    run, _ = _found(args, session)
    record = found_instance(session, run, args.task_id, args.map_index)
    try:
        answer_input(
            session.desk,
            run,
            record,
            chosen=args.options,
            params_input=values,
            by=Person(id=name, name=name),
        )
    except ConflictError as error:
        raise UserError(str(error), hint="`windward hitl show` shows its answer.") from error
    note(f"answered `{args.task_id}`: {', '.join(args.options)}")
    return 0


def _found(args: Namespace, session: Session) -> tuple[RunRecord, InputRecord]:
    from windward.cli.lookup import found_dag, found_instance, found_run
    from windward.errors import UserError

    found_dag(session, args.dag_id)
    run = found_run(session, args.dag_id, args.run)
    record = found_instance(session, run, args.task_id, args.map_index)
    asked = session.store.waits.load_input(record.key, try_number=record.try_number)
    if asked is None:
        raise UserError(
            f"task `{args.task_id}` of run `{run.run_id}` asks nothing: it is {record.state}",
            hint="`windward hitl list` shows the questions that wait for an answer.",
        )
    return run, asked


def _row(asked: InputRecord, run: RunRecord) -> dict[str, Any]:
    by = asked.answered_by
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "task_id": asked.task_id,
        "map_index": asked.map_index,
        "subject": asked.request.subject,
        "options": asked.request.options,
        "due_at": asked.due_at,
        "answer": asked.chosen,
        "answered_by": by.name if by is not None else "nobody in time" if asked.is_timeout else None,
    }


def params_of(text: str | None) -> dict[str, Any]:
    """Return the fields of a form that `--params` gives.

    Raises:
        UserError: when they are no JSON object.
    """
    import json

    from windward.errors import UserError

    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise UserError(
            f"`--params` is not JSON: {error}", hint="""As in --params '{"why": "because"}'."""
        ) from error
    if not isinstance(found, dict):
        raise UserError("`--params` is not a JSON object", hint="""As in --params '{"why": "because"}'.""")
    return found
