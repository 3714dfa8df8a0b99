"""`windward dags`: how its commands are declared. What they do is in `dags_read`, `dags_write` and `dags_files`."""

from __future__ import annotations

from windward.cli.arguments import (
    Commands,
    Parser,
    add_dates,
    add_yes,
    at_least,
    json_object,
    late,
    moment,
)
from windward.cli.backfill import add_backfill_2
from windward.cli.flags import add_clear_flags, add_mark_flags, add_note_flags, add_run_flags

RUN_STATES = ("queued", "running", "success", "failed")


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    _add_reads(commands)
    _add_sla_misses(commands)
    _add_writes(commands)
    _add_past(commands)
    _add_file_commands(commands)


def _add_reads(commands: Commands) -> None:
    listing = commands.add("list", late("dags_read", "list_dags"), "list all DAGs", output=True)
    listing.add_argument("--columns", metavar="NAMES", help="fields to show, by commas")
    listing.add_argument(
        "--tag", action="append", default=[], help="only DAGs with this tag; may be repeated"
    )
    listing.add_argument("--all", action="store_true", help="also DAGs whose file is gone")
    details = commands.add("details", late("dags_read", "details"), "show one DAG", output=True)
    details.add_argument("dag_id", metavar="DAG")
    runs = commands.add(
        "list-runs", late("dags_read", "list_runs"), "list runs, the newest first", output=True
    )
    runs.add_argument("dag_id", metavar="DAG", nargs="?", help="only runs of this DAG")
    runs.add_argument(
        "-d", "--dag-id", dest="dag_option", metavar="DAG", help="the same, as older scripts write it"
    )
    runs.add_argument("--state", choices=RUN_STATES, action="append", default=[], help="may be repeated")
    runs.add_argument("--no-backfill", action="store_true", help="leave out runs of backfills")
    runs.add_argument("--limit", type=at_least(1), default=10_000, metavar="N", help="at most so many runs")
    add_dates(runs, what="runs")
    state = commands.add("state", late("dags_read", "state"), "print the state of a run")
    state.add_argument("dag_id", metavar="DAG")
    state.add_argument("run", metavar="RUN", help="run id or logical date")
    show = commands.add("show", late("dags_read", "show"), "print the tasks of a DAG as a tree")
    show.add_argument("dag_id", metavar="DAG")
    following = commands.add(
        "next-execution", late("dags_read", "next_execution"), "show the next runs of a schedule", output=True
    )
    following.add_argument("dag_id", metavar="DAG")
    following.add_argument(
        "-n", "--num-executions", type=at_least(1), default=1, metavar="N", help="so many runs"
    )
    commands.add(
        "list-import-errors",
        late("dags_read", "list_import_errors"),
        "list files that could not be read",
        about="The exit code is 1 when there are any.",
        output=True,
    )
    commands.add("report", late("dags_read", "report"), "show what parsing each file gave", output=True)
    explain = commands.add(
        "explain",
        late("explain", "explain_dags"),
        "say when a DAG runs next and why",
        about="With RUN: why the run exists and what it waits for. With TASK: as `windward tasks explain`.",
        output=True,
    )
    explain.add_argument("dag_id", metavar="DAG")
    explain.add_argument("run", metavar="RUN", nargs="?", help="run id or logical date")
    explain.add_argument("task_id", metavar="TASK", nargs="?")
    explain.add_argument(
        "--map-index", type=at_least(-1), default=-1, metavar="N", help="which instance of a mapped task"
    )


def _add_sla_misses(commands: Commands) -> None:
    slas = commands.add(
        "list-sla-misses",
        late("slas", "list_sla_misses"),
        "list tasks that were late by their SLA, those found last first",
        output=True,
    )
    slas.add_argument("dag_id", metavar="DAG", nargs="?", help="only tasks of this DAG")
    slas.add_argument("--limit", type=at_least(1), default=1000, metavar="N", help="at most so many")


def _add_writes(commands: Commands) -> None:
    trigger = commands.add("trigger", late("dags_write", "trigger"), "make a run now", output=True)
    trigger.add_argument("dag_id", metavar="DAG")
    trigger.add_argument("-r", "--run-id", metavar="ID", help="its run id; made from the date when left out")
    trigger.add_argument(
        "-c", "--conf", type=json_object, metavar="JSON", help="an object, checked against the params"
    )
    trigger.add_argument(
        "-l",
        "--logical-date",
        "-e",
        "--exec-date",
        type=moment,
        metavar="TIME",
        help="ISO 8601; now when left out",
    )
    trigger.add_argument("--run-after", type=moment, metavar="TIME", help="the run waits in line until then")
    trigger.add_argument("--note", metavar="TEXT", help="shown with the run")
    trigger.add_argument(
        "--no-replace-microseconds",
        action="store_true",
        help="accepted for older scripts: times are never rounded",
    )
    for name, help_text in (("pause", "pause DAGs"), ("unpause", "let paused DAGs run")):
        pausing = commands.add(name, late("dags_write", name), help_text, output=True)
        pausing.add_argument("dag_id", metavar="DAG")
        pausing.add_argument(
            "--treat-dag-id-as-regex",
            action="store_true",
            help="DAG is a regular expression; all that match are meant",
        )
        add_yes(pausing)
    delete = commands.add(
        "delete",
        late("dags_write", "delete"),
        "delete what is stored of a DAG: runs, tasks, XComs",
        about="A DAG whose file is still there comes back when the file is read again.",
    )
    delete.add_argument("dag_id", metavar="DAG")
    add_yes(delete)


def _add_past(commands: Commands) -> None:
    clear = commands.add(
        "clear",
        late("tasks_clear", "clear"),
        "run whole runs again",
        about="Their earlier tries stay in the history.",
    )
    clear.add_argument("dag_id", metavar="DAG")
    add_run_flags(clear)
    add_clear_flags(clear)
    clear.set_defaults(task_regex=None, task_group=None, map_index=[])
    mark = commands.add(
        "mark",
        late("tasks_mark", "mark_run"),
        "end a run by hand",
        about="`success` marks every task so; `failed` fails what is at work and skips the rest.",
    )
    mark.add_argument("dag_id", metavar="DAG")
    mark.add_argument("run", metavar="RUN", help="run id or logical date")
    mark.add_argument("--state", required=True, choices=("success", "failed"), help="the new state")
    add_mark_flags(mark)
    noting = commands.add(
        "note", late("annotations", "note_run"), "show what people noted on a run, or note something"
    )
    noting.add_argument("dag_id", metavar="DAG")
    noting.add_argument("run", metavar="RUN", help="run id or logical date")
    add_note_flags(noting)
    add_backfill_2(commands)


def _add_file_commands(commands: Commands) -> None:
    commands.add("reserialize", late("dags_files", "reserialize"), "read all DAG files again")
    test = commands.add(
        "test",
        late("dags_files", "test"),
        "run a DAG once, here and now",
        about="One process, no database. The exit code tells whether the run succeeded.",
    )
    test.add_argument(
        "target", metavar="FILE_OR_DAG", help="a DAG file, or the id of a DAG in the DAG folder"
    )
    test.add_argument(
        "logical_date", metavar="DATE", nargs="?", type=moment, help="ISO 8601; now when left out"
    )
    test.add_argument(
        "-c", "--conf", type=json_object, metavar="JSON", help="an object, checked against the params"
    )
    test.add_argument("-f", "--dagfile-path", metavar="FILE", help="the file to look for the DAG in")
    test.add_argument(
        "--mark-success-pattern",
        metavar="PATTERN",
        help="tasks that match count as successful and do not run",
    )
