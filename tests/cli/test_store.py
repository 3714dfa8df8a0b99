"""Commands on a database: the same words as over the memory store, and the life of the schema."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.conftest import Installation, StandingClock, finished_run, transcript
from tests.services import fresh_mariadb, fresh_postgres
from windward.app.session import Session, opened_store
from windward.cli.main import main
from windward.ports.store import Store
from windward.settings import load, prepare_home
from windward.store.memory import MemoryStore
from windward.store.sql import schema
from windward.store.sql.engines import make_engine

COMMANDS = [
    ["dags", "list", "-o", "json"],
    ["dags", "details", "orders", "-o", "json"],
    ["dags", "trigger", "orders", "--run-id", "one", "--logical-date", "2026-03-01", "-o", "json"],
    ["dags", "trigger", "orders", "--run-id", "one"],
    ["dags", "list-runs", "-o", "json"],
    ["tasks", "states-for-dag-run", "orders", "first", "-o", "json"],
    ["tasks", "clear", "orders", "--only-failed", "--yes"],
    ["tasks", "states-for-dag-run", "orders", "first", "-o", "json"],
    ["dags", "pause", "orders", "-o", "json"],
    ["dags", "list-import-errors", "-o", "json"],
    ["variables", "set", "a", "b"],
    ["variables", "list", "--show-values"],
    ["connections", "add", "shop", "--conn-uri", "postgres://ada:sesame@db.example/shop"],
    ["connections", "get", "shop", "--show-values"],
    ["pools", "set", "small", "3"],
    ["pools", "list"],
    ["dags", "delete", "orders", "--yes"],
    ["dags", "list-runs", "-o", "json"],
]


def fresh_store(home: Path, url: str) -> Store:
    """Return the store of a home whose database is made now."""
    environ = {"WINDWARD__DATABASE__SQL_ALCHEMY_CONN": url}
    settings = prepare_home(load(environ, home=home))
    engine = make_engine(settings.database.sql_alchemy_conn)
    schema.create_all_at_once(engine)
    engine.dispose()
    return opened_store(settings)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Store:
    return fresh_store(tmp_path / "home", f"sqlite:///{tmp_path}/windward.db")


@pytest.mark.parametrize(
    "database",
    [
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
def test_commands_say_the_same_over_every_store(
    database: str, make_installation: Callable[[Store], Installation], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        match database:
            case "postgres":
                url = stack.enter_context(fresh_postgres())
            case "mariadb":
                url = stack.enter_context(fresh_mariadb())
            case _:
                url = f"sqlite:///{tmp_path}/windward.db"
        store = fresh_store(tmp_path / "home", url)
        stack.callback(store.close)
        _check_same(make_installation, MemoryStore(), store)


def _check_same(make_installation: Callable[[Store], Installation], *stores: Store) -> None:
    said = []
    for store in stores:
        installation = make_installation(store)
        finished_run(store)
        said.append(transcript(installation, COMMANDS))

    assert said[0] == said[1]
    assert said[0].count("[exit") == 2  # the double run id, and that there are import errors


def windward(*words: str, home: Path) -> int:
    """Run a command on the database of a home, as a person would."""
    environ = {"WINDWARD_HOME": str(home), "PATH": os.environ["PATH"]}
    return main(words, environ=environ, make_session=lambda given: Session(given, clock=StandingClock()))


def test_a_fresh_home_is_made_ready_by_migrate_and_says_so_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert windward("dags", "list", home=tmp_path) == 1
    assert "Run `windward db migrate`" in capsys.readouterr().err
    assert windward("db", "check-migrations", "-t", "0", home=tmp_path) == 1

    assert windward("db", "migrate", home=tmp_path) == 0

    capsys.readouterr()
    assert windward("db", "check-migrations", "-t", "0", home=tmp_path) == 0
    assert windward("dags", "list", "-o", "json", home=tmp_path) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_secrets_in_the_database_are_not_in_the_clear(tmp_path: Path) -> None:
    windward("db", "migrate", home=tmp_path)
    windward("variables", "set", "token", "sesame-open", home=tmp_path)
    windward("connections", "add", "x", "--conn-uri", "http://a:sesame-shut@h", home=tmp_path)

    content = b"".join(path.read_bytes() for path in tmp_path.glob("windward.db*"))

    assert b"token" in content
    assert b"sesame" not in content


def test_the_tables_of_another_program_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(tmp_path / "windward.db")
    connection.executescript(
        "CREATE TABLE alembic_version (version_num VARCHAR(32)); INSERT INTO alembic_version VALUES ('686269002441');"
        "CREATE TABLE dag_run (id INTEGER); INSERT INTO dag_run VALUES (1);"
    )
    connection.close()

    assert windward("db", "migrate", home=tmp_path) == 1
    assert windward("db", "reset", "--yes", home=tmp_path) == 1

    assert "another program's tables" in capsys.readouterr().err
    connection = sqlite3.connect(tmp_path / "windward.db")
    assert connection.execute("SELECT id FROM dag_run").fetchall() == [(1,)]
    connection.close()


def test_reset_deletes_everything_and_leaves_a_database_that_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    windward("db", "migrate", home=tmp_path)
    windward("variables", "set", "a", "b", home=tmp_path)

    assert windward("db", "reset", home=tmp_path) == 1  # nobody could be asked
    assert windward("variables", "get", "a", home=tmp_path) == 0
    assert windward("db", "reset", "--yes", home=tmp_path) == 0
    assert windward("variables", "get", "a", home=tmp_path) == 1


def test_clean_deletes_runs_that_ended_before_a_time(
    make_installation: Callable[[Store], Installation], sqlite_store: Store
) -> None:
    installation = make_installation(sqlite_store)
    finished_run(sqlite_store)
    finished_run(sqlite_store, "newest", number=2)
    ended = "2026-03-01T12:20:24.250000+00:00"

    assert (
        "dag_run       0" in installation.run("db", "clean", "--clean-before-timestamp", ended, "--yes").out
    )
    later = ["db", "clean", "--clean-before-timestamp", "2026-03-01T12:20:25+00:00"]
    assert "dag_run       1" in installation.run(*later, "--dry-run").out
    assert installation.run(*later).code == 1  # nobody could be asked
    assert sqlite_store.runs.find_run("orders", run_id="first") is not None
    assert "dag_run       1" in installation.run(*later, "--yes").out
    assert sqlite_store.runs.find_run("orders", run_id="first") is None
    assert sqlite_store.runs.find_run("orders", run_id="newest") is not None
    sqlite_store.close()


def test_a_database_that_does_not_answer_is_an_error_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "windward.toml").write_text(
        '[database]\nsql_alchemy_conn = "postgresql://ada:sesame@127.0.0.1:1/nothing"\n'
    )
    assert windward("db", "check", home=tmp_path) == 1
    assert windward("dags", "list", home=tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert "sesame" not in said.err
    assert "`windward db check` tells" in said.err


@pytest.mark.parametrize(
    ("url", "words", "secrets"),
    [
        ("sqlite:////srv/x.db", ["sqlite3", "/srv/x.db"], {}),
        (
            "postgresql+psycopg://ada:sesame@h:5433/d",
            ["psql"],
            {"PGHOST": "h", "PGUSER": "ada", "PGDATABASE": "d", "PGPASSWORD": "sesame", "PGPORT": "5433"},
        ),
        (
            "mysql+pymysql://ada:sesame@h/d",
            ["mysql", "--host=h", "--user=ada", "d"],
            {"MYSQL_PWD": "sesame"},
        ),
    ],
)
def test_the_database_shell_never_gets_a_password_on_its_command_line(
    url: str, words: list[str], secrets: dict[str, str]
) -> None:
    from sqlalchemy.engine import make_url

    from windward.cli.db_schema import shell_command

    assert shell_command(make_url(url)) == (words, secrets)
