"""`windward backfill`: how its commands are declared. What they do is in `backfill_write` and `backfill_read`."""

from __future__ import annotations

from windward.cli.arguments import Commands, Parser, add_yes, at_least, json_object, late, moment

REPROCESS = ("none", "failed", "completed")


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    _add_create(commands)
    listing = commands.add("list", late("backfill_read", "list_backfills"), "list backfills", output=True)
    listing.add_argument("--dag-id", metavar="DAG", help="only backfills of this DAG")
    listing.add_argument("--open", action="store_true", help="only those that are running or paused")
    listing.add_argument("--limit", type=at_least(1), default=100, metavar="N", help="at most so many")
    show = commands.add(
        "show",
        late("backfill_read", "show"),
        "show the dates of a backfill and what became of each",
        output=True,
    )
    show.add_argument("backfill_id", type=at_least(1), metavar="ID")
    for name, help_text in (
        ("pause", "begin nothing new of a backfill"),
        ("unpause", "let a paused backfill go on"),
        ("cancel", "end a backfill: what has not begun never will, what runs goes on to its end"),
    ):
        command = commands.add(name, late("backfill_write", name), help_text)
        command.add_argument("backfill_id", type=at_least(1), metavar="ID")


def _add_create(commands: Commands) -> None:
    create = commands.add(
        "create",
        late("backfill_write", "create"),
        "run a DAG for a range of dates",
        about="Both dates are inclusive. Its tasks take only slots that nothing else waits for, unless `--now` is given.",
        output=True,
    )
    create.add_argument("--dag-id", required=True, metavar="DAG", help="which DAG")
    create.add_argument("--from-date", type=moment, required=True, metavar="TIME", help="first date")
    create.add_argument("--to-date", type=moment, required=True, metavar="TIME", help="last date")
    create.add_argument("--dag-run-conf", type=json_object, metavar="JSON", help="conf of every run")
    create.add_argument("--run-backwards", action="store_true", help="the newest date first")
    create.add_argument(
        "--max-active-runs",
        type=at_least(1),
        default=10,
        metavar="N",
        help="its runs at a time; 10 when left out",
    )
    create.add_argument(
        "--reprocess-behavior",
        choices=REPROCESS,
        default="none",
        help="runs that exist already and are run again: none (as if left out), failed, completed",
    )
    create.add_argument(
        "--run-on-latest-version",
        action="store_true",
        help="runs that exist already are run again as the file is now",
    )
    create.add_argument("--now", action="store_true", help="its tasks stand in line with all others")
    create.add_argument("--dry-run", action="store_true", help="only show what would become of each date")


def add_backfill_2(commands: Commands) -> None:
    """Declare `dags backfill` as Airflow 2 has it: it waits for the end of what it began."""
    command = commands.add(
        "backfill",
        late("backfill_2", "backfill"),
        "run a DAG for a range of dates and wait for it, as Airflow 2 does",
        about="`windward backfill create` does the same without waiting.",
    )
    command.add_argument("dag_id", metavar="DAG")
    command.add_argument("-s", "--start-date", type=moment, metavar="TIME", help="first date")
    command.add_argument(
        "-e", "--end-date", type=moment, metavar="TIME", help="last date; the first when left out"
    )
    command.add_argument("-c", "--conf", type=json_object, metavar="JSON", help="conf of every run")
    command.add_argument("-B", "--run-backwards", action="store_true", help="the newest date first")
    command.add_argument(
        "-n", "--dry-run", action="store_true", help="only show what would become of each date"
    )
    command.add_argument(
        "--reset-dagruns", action="store_true", help="run again what exists already, failed or not"
    )
    command.add_argument(
        "--rerun-failed-tasks", action="store_true", help="run again what exists already and failed"
    )
    command.add_argument(
        "--continue-on-failures", action="store_true", help="accepted: one run never stops another"
    )
    command.add_argument("--disable-retry", action="store_true", help="accepted: tasks keep their retries")
    command.add_argument("--verbose-logs", action="store_true", help="accepted")
    for short, flag in (
        ("-i", "--ignore-dependencies"),
        ("-I", "--ignore-first-depends-on-past"),
        ("-x", "--donot-pickle"),
        ("-l", "--local"),
    ):
        command.add_argument(
            short, flag, action="store_true", help="accepted for older scripts; changes nothing"
        )
    command.add_argument(
        "--delay-on-limit", type=float, metavar="SECONDS", help="accepted for older scripts; nothing polls"
    )
    command.add_argument("--pool", metavar="POOL", help="accepted: tasks keep their pools")
    command.add_argument("-m", "--mark-success", action="store_true", help="not available; see `tasks mark`")
    command.add_argument("-t", "--task-regex", metavar="PATTERN", help="not available; see `tasks clear`")
    add_yes(command)
