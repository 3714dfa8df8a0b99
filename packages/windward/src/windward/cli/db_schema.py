"""What `windward db` does: the life of the schema, cleaning, and the database's own shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from argparse import Namespace
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import URL

from windward.app.session import Session
from windward.cli.about import without_password
from windward.cli.output import is_agreed, note, show_rows
from windward.errors import UnavailableError, UserError
from windward.store.sql import schema
from windward.store.sql.database import translated
from windward.store.sql.deletion import CLEANABLE
from windward.store.sql.engines import make_engine, parse_url
from windward.store.sql.open import SqlStore

LOOK_AGAIN_S = 1.0
OUR_REVISION = re.compile(r"\d{4}_(?:before|after)")


def migrate(args: Namespace, session: Session) -> int:
    """Make or change the tables."""
    url = session.prepared.database.sql_alchemy_conn
    _refuse_foreign(url)
    engine = make_engine(url, pool_size=1)
    try:
        is_made = (
            schema.state_of(engine) is schema.SchemaState.EMPTY and not args.before
        ) and schema.create_all_at_once(engine, default_pool_slots=_pool_slots(session))
    finally:
        engine.dispose()
    if not is_made:
        schema.migrate(url, phase=schema.Phase.BEFORE if args.before else schema.Phase.AFTER)
    note(f"the database is ready: {without_password(url)}")
    return 0


def _pool_slots(session: Session) -> int:
    return session.prepared.core.default_pool_task_slot_count


def _refuse_foreign(url: str) -> None:
    """Raise `UserError` when the database is another program's: Airflow's tables have names that are ours, too."""
    engine = make_engine(url, pool_size=1)
    try:
        with translated(), engine.connect() as connection:
            if not sa.inspect(connection).has_table(schema.VERSION_TABLE):
                return
            rows = connection.execute(sa.text(f"SELECT version_num FROM {schema.VERSION_TABLE}"))  # noqa: S608 - a constant
            foreign = [row[0] for row in rows if not OUR_REVISION.fullmatch(row[0])]
    finally:
        engine.dispose()
    if foreign:
        raise UserError(
            f"the database holds another program's tables (revision `{foreign[0]}`): {without_password(url)}",
            hint="Make a database of its own for Windward, and set `[database] sql_alchemy_conn` to it.",
        )


def check(args: Namespace, session: Session) -> int:
    """Check that the database answers."""
    url = session.prepared.database.sql_alchemy_conn
    for attempts_left in range(args.retry, -1, -1):
        engine = make_engine(url, pool_size=1)
        try:
            state = schema.state_of(engine)
            break
        except UnavailableError:
            if not attempts_left:
                raise
            time.sleep(args.retry_delay)
        finally:
            engine.dispose()
    else:
        raise AssertionError("the last try returns or raises")
    note(f"the database answers; its schema is {state}: {without_password(url)}")
    return 0


def check_migrations(args: Namespace, session: Session) -> int:
    """Wait until the schema is this version's."""
    deadline = time.monotonic() + args.migration_wait_timeout
    engine = make_engine(session.prepared.database.sql_alchemy_conn, pool_size=1)
    try:
        while True:
            try:
                schema.check(engine)
            except (UserError, UnavailableError):
                if time.monotonic() >= deadline:
                    raise
                time.sleep(min(LOOK_AGAIN_S, max(0.0, deadline - time.monotonic())))
            else:
                note("the schema is of this version")
                return 0
    finally:
        engine.dispose()


def reset(args: Namespace, session: Session) -> int:
    """Delete everything."""
    url = session.prepared.database.sql_alchemy_conn
    _refuse_foreign(url)
    question = (
        f"Everything in {without_password(url)} will be deleted: DAGs, runs, variables, connections. Go on?"
    )
    if not is_agreed(question, yes=args.yes):
        return 1
    schema.reset(url, default_pool_slots=_pool_slots(session))
    session.wakeup.wake()
    note("the database is empty and ready")
    return 0


def clean(args: Namespace, session: Session) -> int:
    """Delete what is old."""
    store = session.store
    if not isinstance(store, SqlStore):
        raise UserError("this store keeps nothing that could be cleaned", hint="Use a database.")
    before = min(session.aware(args.clean_before_timestamp), session.clock.now())
    tables = [name.strip() for name in args.tables.split(",")] if args.tables else list(CLEANABLE)
    question = (
        f"Everything in {', '.join(tables)} that ended before {before.isoformat()} will be deleted. Go on?"
    )
    if not args.dry_run and not is_agreed(question, yes=args.yes):
        return 1
    cleaned = store.clean(
        before,
        tables=tables,
        dry_run=args.dry_run,
        batch_size=args.batch_size,
        archive_at=session.clock.now() if args.archive else None,
    )
    if args.dry_run:
        note("nothing was deleted; this would be:")
    rows = [{"table": table, "rows": count} for table, count in cleaned.rows.items()]
    show_rows(rows, output="table", columns=("table", "rows"))
    if cleaned.archives:
        note(f"archived to: {', '.join(cleaned.archives)}")
    return 0


def shell(args: Namespace, session: Session) -> int:
    """Open the database's own shell."""
    del args
    words, secrets = shell_command(parse_url(session.prepared.database.sql_alchemy_conn))
    program = shutil.which(words[0])
    if program is None:
        raise UserError(
            f"the program `{words[0]}` is not installed",
            hint="Install it with the packages of this system, or open the database by a client of your own.",
        )
    done = subprocess.run([program, *words[1:]], env={**os.environ, **secrets}, check=False)
    return 1 if done.returncode else 0


def shell_command(url: URL) -> tuple[list[str], Mapping[str, str]]:
    """Return the command of a database's shell, and variables for what may not stand on a command line."""
    password = str(url.password) if url.password is not None else None
    match url.get_backend_name():
        case "sqlite":
            return ["sqlite3", str(url.database)], {}
        case "postgresql":
            names = {
                "PGHOST": url.host,
                "PGUSER": url.username,
                "PGDATABASE": url.database,
                "PGPASSWORD": password,
            }
            port = {"PGPORT": str(url.port)} if url.port else {}
            return ["psql"], {name: value for name, value in names.items() if value} | port
        case _:
            options = [f"--host={url.host}"] if url.host else []
            options += [f"--port={url.port}"] if url.port else []
            options += [f"--user={url.username}"] if url.username else []
            words = [*options, str(url.database)]
            return ["mysql", *words], {"MYSQL_PWD": password} if password else {}
