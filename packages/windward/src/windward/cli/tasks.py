"""`windward tasks`: how its commands are declared. What they do is in the modules `tasks_…`."""

from __future__ import annotations

from windward.cli.arguments import (
    Commands,
    Parser,
    add_output,
    at_least,
    json_object,
    late,
)
from windward.cli.flags import (
    add_clear_flags,
    add_mark_flags,
    add_neighbour_flags,
    add_note_flags,
    add_run_flags,
    add_task_flags,
)


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    _add_reads(commands)
    _add_runs(commands)
    clear = commands.add(
        "clear",
        late("tasks_clear", "clear"),
        "reset task instances, as if they had never run",
        about="Their runs go on with them; earlier tries stay in the history.",
    )
    clear.add_argument("dag_id", metavar="DAG")
    add_task_flags(clear)
    add_run_flags(clear)
    add_clear_flags(clear)
    _add_mark(commands)


def _add_mark(commands: Commands) -> None:
    mark = commands.add(
        "mark",
        late("tasks_mark", "mark"),
        "set task instances to a state by hand",
        about="What runs of them is stopped, and its word refused; tasks that wait for them go on.",
    )
    mark.add_argument("dag_id", metavar="DAG")
    mark.add_argument("task_id", metavar="TASK")
    mark.add_argument("run", metavar="RUN", help="run id or logical date")
    mark.add_argument(
        "--state", required=True, choices=("success", "failed", "skipped"), help="the new state"
    )
    mark.add_argument(
        "--map-index", type=at_least(-1), metavar="N", help="only this instance of a mapped task"
    )
    mark.add_argument("-u", "--upstream", action="store_true", help="and what the task depends on")
    mark.add_argument("-d", "--downstream", action="store_true", help="and what depends on the task")
    mark.add_argument(
        "--group",
        dest="is_group",
        action="store_true",
        help="TASK is a task group; all of its tasks are meant",
    )
    add_neighbour_flags(mark)
    add_mark_flags(mark)
    noting = commands.add(
        "note",
        late("annotations", "note_task"),
        "show what people noted on a task instance, or note something",
    )
    add_note_flags(_instance(noting))


def _instance(parser: Parser) -> Parser:
    parser.add_argument("dag_id", metavar="DAG")
    parser.add_argument("task_id", metavar="TASK")
    parser.add_argument("run", metavar="RUN", help="run id or logical date")
    parser.add_argument(
        "--map-index", type=at_least(-1), default=-1, metavar="N", help="which instance of a mapped task"
    )
    return parser


def _add_reads(commands: Commands) -> None:
    listing = commands.add("list", late("tasks_read", "list_tasks"), "list the tasks of a DAG")
    listing.add_argument("dag_id", metavar="DAG")
    add_output(listing, default=None)
    states = commands.add(
        "states-for-dag-run", late("tasks_read", "states"), "show every task instance of a run", output=True
    )
    states.add_argument("dag_id", metavar="DAG")
    states.add_argument("run", metavar="RUN", help="run id or logical date")
    explain = commands.add(
        "explain",
        late("explain", "explain_tasks"),
        "say why a task instance is in its state, and what it waits for",
        output=True,
    )
    _instance(explain)
    _instance(commands.add("state", late("tasks_read", "state"), "print the state of a task instance"))
    logs = _instance(commands.add("logs", late("tasks_logs", "logs"), "print the log of an attempt"))
    logs.add_argument(
        "--try-number", type=at_least(1), metavar="N", help="which try; the last one when left out"
    )
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the attempt has ended")
    logs.add_argument("--json", action="store_true", help="lines as they are stored")


def _add_runs(commands: Commands) -> None:
    render = commands.add(
        "render", late("tasks_run", "render"), "print the rendered template fields of a task"
    )
    _instance(render)
    test = commands.add(
        "test",
        late("tasks_run", "test"),
        "run one task, here and now",
        about="Upstream tasks and retries are left out, and nothing is stored.",
    )
    test.add_argument("dag_id", metavar="DAG")
    test.add_argument("task_id", metavar="TASK")
    test.add_argument("run", metavar="RUN", nargs="?", help="run id or logical date; now when left out")
    test.add_argument(
        "--map-index", type=at_least(-1), default=-1, metavar="N", help="which instance of a mapped task"
    )
    test.add_argument("-t", "--task-params", type=json_object, metavar="JSON", help="params of the task")
    test.add_argument(
        "--env-vars", type=json_object, metavar="JSON", help="environment variables of the task"
    )
