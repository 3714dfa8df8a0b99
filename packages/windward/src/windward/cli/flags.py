"""Flags that several commands share to name runs and tasks. What they mean is in `scopes`, which is heavier."""

from __future__ import annotations

from collections.abc import Iterable

from windward.cli.arguments import Parser, add_dates, add_output, add_yes, at_least, pattern
from windward.errors import UserError


def add_run_flags(parser: Parser) -> None:
    """Add what names runs."""
    parser.add_argument(
        "-r", "--run-id", action="append", default=[], metavar="ID", help="only this run; may be repeated"
    )
    add_dates(parser, what="logical dates")
    add_neighbour_flags(parser)


def add_neighbour_flags(parser: Parser) -> None:
    """Add `--past` and `--future`."""
    parser.add_argument(
        "--future", action="store_true", help="and all runs of later dates than the one named"
    )
    parser.add_argument(
        "--past", action="store_true", help="and all runs of earlier dates than the one named"
    )


def add_task_flags(parser: Parser) -> None:
    """Add what names tasks."""
    parser.add_argument("-t", "--task-regex", type=pattern, metavar="PATTERN", help="only tasks that match")
    parser.add_argument("-g", "--task-group", metavar="GROUP", help="only tasks of this group")
    parser.add_argument(
        "--map-index",
        type=at_least(-1),
        action="append",
        default=[],
        metavar="N",
        help="only this instance of mapped tasks; may be repeated",
    )


def add_clear_flags(clear: Parser) -> None:
    """Add what `tasks clear` and `dags clear` share beside the runs."""
    clear.add_argument("-u", "--upstream", action="store_true", help="and what the tasks depend on")
    clear.add_argument("-d", "--downstream", action="store_true", help="and what depends on the tasks")
    clear.add_argument(
        "--recursive",
        action="store_true",
        help="and tasks of other DAGs that an `ExternalTaskMarker` among them names, with what depends on them",
    )
    clear.add_argument("-f", "--only-failed", action="store_true", help="only failed instances")
    clear.add_argument("--only-running", action="store_true", help="only running instances")
    clear.add_argument(
        "--latest-version", action="store_true", help="the runs go on as the DAG is now; they must have ended"
    )
    clear.add_argument("--dry-run", action="store_true", help="only show what would be cleared")
    add_output(clear)
    add_yes(clear)


def add_mark_flags(mark: Parser) -> None:
    """Add what `tasks mark` and `dags mark` share."""
    mark.add_argument("--dry-run", action="store_true", help="only show what would be marked")
    add_output(mark)


def add_note_flags(parser: Parser) -> None:
    """Add what `dags note` and `tasks note` share."""
    parser.add_argument("text", metavar="TEXT", nargs="?", help="replaces the note; shown when left out")
    parser.add_argument("--delete", action="store_true", help="remove the note")


def no_group(dag_id: str, group_id: str, known: Iterable[str]) -> UserError:
    """Return what is said of a task group that a DAG does not have."""
    return UserError(
        f"DAG `{dag_id}` has no task group `{group_id}`",
        hint=f"Its groups are: {', '.join(sorted(known)) or 'none'}.",
    )
