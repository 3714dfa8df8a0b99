"""`windward db`: how its commands are declared. What they do is in `db_schema`."""

from __future__ import annotations

from windward.cli.arguments import Commands, Parser, add_yes, at_least, late, moment


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    migrate = commands.add(
        "migrate",
        late("db_schema", "migrate"),
        "make the tables, or bring them to this version",
        about="Safe to be run again, and by several at once. Components check the version when they start.",
    )
    migrate.add_argument(
        "--before",
        action="store_true",
        help="only additions, which may be made while the older version still runs",
    )
    check = commands.add("check", late("db_schema", "check"), "check that the database answers")
    check.add_argument("--retry", type=at_least(0), default=0, metavar="N", help="try so many times more")
    check.add_argument(
        "--retry-delay", type=at_least(0), default=1, metavar="SECONDS", help="pause between tries"
    )
    waiting = commands.add(
        "check-migrations", late("db_schema", "check_migrations"), "wait until the tables are of this version"
    )
    waiting.add_argument(
        "-t",
        "--migration-wait-timeout",
        type=at_least(0),
        default=60,
        metavar="SECONDS",
        help="60 when left out",
    )
    reset = commands.add("reset", late("db_schema", "reset"), "delete everything, and make the tables anew")
    add_yes(reset)
    _add_clean(commands)
    _add_archives(commands)
    commands.add("shell", late("db_schema", "shell"), "open the database's own shell")


def _add_clean(commands: Commands) -> None:
    clean = commands.add(
        "clean", late("db_schema", "clean"), "delete what is old: finished runs, attempts, XComs"
    )
    clean.add_argument(
        "--clean-before-timestamp",
        type=moment,
        required=True,
        metavar="TIME",
        help="what ended before it is deleted",
    )
    clean.add_argument(
        "-t",
        "--tables",
        metavar="NAMES",
        help="dag_run, task_attempt, xcom, backfill, asset_event, audit_event; by commas, all when left out",
    )
    clean.add_argument("--dry-run", action="store_true", help="only count")
    clean.add_argument(
        "--batch-size", type=at_least(1), default=500, metavar="N", help="rows in one transaction"
    )
    clean.add_argument(
        "--archive", action="store_true", help="copy the rows to tables `archive__…` before they are deleted"
    )
    clean.add_argument(
        "--skip-archive",
        action="store_true",
        help="accepted for older scripts: nothing is archived without `--archive`",
    )
    add_yes(clean)


def _add_archives(commands: Commands) -> None:
    export = commands.add(
        "export-archived", late("db_archives", "export_archived"), "write what was archived to files"
    )
    export.add_argument("--output-path", required=True, metavar="FOLDER", help="where the files go")
    export.add_argument(
        "--export-format", choices=("csv", "jsonl"), default="csv", help="csv (as if left out) or jsonl"
    )
    export.add_argument("--drop-archives", action="store_true", help="drop them afterwards")
    drop = commands.add("drop-archived", late("db_archives", "drop_archived"), "drop what was archived")
    for command in (export, drop):
        command.add_argument("-t", "--tables", metavar="NAMES", help="by commas; all when left out")
        add_yes(command)
