"""The life of the schema: the same by either way, checked with words, safe when several begin at once."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.store.building import create, run_of
from tests.store.conftest import SQL_PARAMS
from windward.errors import SettingsError, UnavailableError, UserError
from windward.store.sql import schema
from windward.store.sql.engines import make_engine, parse_url
from windward.store.sql.open import open_store
from windward.store.sql.tables import METADATA

KEYS = [Fernet.generate_key().decode()]


@pytest.fixture(params=SQL_PARAMS)
def url(request: pytest.FixtureRequest, url_of: Callable[[str], str]) -> str:
    """Return the URL of a database without any of our tables."""
    url = url_of(request.param)
    engine = make_engine(url)
    with engine.begin() as connection:
        METADATA.drop_all(connection)
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {schema.VERSION_TABLE}"))
    engine.dispose()
    return url


def _described(url: str) -> dict[str, Any]:
    """Return all that a database says of its tables, in one order."""
    engine = make_engine(url)
    inspector = sa.inspect(engine)
    found: dict[str, Any] = {}
    for name in sorted(inspector.get_table_names()):
        columns = inspector.get_columns(name)
        found[name] = {
            "columns": [{key: str(value) for key, value in column.items()} for column in columns],
            "collations": [str(getattr(column["type"], "collation", None)) for column in columns],
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "indexes": sorted(map(_index, inspector.get_indexes(name))),
            "options": str(inspector.get_table_options(name)),
        }
    with engine.connect() as connection:
        for table in ("counter", "pool", schema.VERSION_TABLE):
            found[f"rows of {table}"] = [
                tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}"))
            ]
    engine.dispose()
    return found


def _index(found: Mapping[str, Any]) -> str:
    """Return an index as text, with the conditions of rows that it holds, which are objects, in words."""
    options = {name: str(value) for name, value in found.get("dialect_options", {}).items()}
    return str({**found, "dialect_options": options})


def _version(url: str) -> str | None:
    engine = make_engine(url)
    with engine.connect() as connection:
        version: str | None = connection.execute(
            sa.text(f"SELECT version_num FROM {schema.VERSION_TABLE}")
        ).scalar()
    engine.dispose()
    return version


def test_the_schema_made_at_once_is_the_one_that_migrations_make(url: str) -> None:
    schema.migrate(url)
    migrated = _described(url)

    schema.reset(url)

    assert _described(url) == migrated
    assert set(METADATA.tables) < set(migrated)


@pytest.mark.postgres
def test_ids_sort_by_code_point_whatever_language_postgres_speaks(url_of: Callable[[str], str]) -> None:
    engine = make_engine(url_of("postgres"))
    schema.create_all_at_once(engine)
    columns = {column["name"]: column["type"] for column in sa.inspect(engine).get_columns("task_instance")}
    engine.dispose()

    assert getattr(columns["task_id"], "collation", None) == "C"


def test_the_phases_come_in_order_and_the_code_works_with_both(url: str) -> None:
    schema.migrate(url, phase=schema.Phase.BEFORE)
    assert _version(url) == schema.REVISION_BEFORE
    store = open_store(url, fernet_keys=KEYS)
    assert store.runs.apply([[create(run_of(), "load")]]).all

    schema.migrate(url, phase=schema.Phase.AFTER)
    schema.migrate(url, phase=schema.Phase.BEFORE)

    assert _version(url) == schema.REVISION_AFTER
    assert len(store.runs.load_tasks([1])) == 1
    store.close()


@pytest.mark.postgres
def test_a_statement_of_a_migration_may_take_as_long_as_a_grown_table_needs(
    url_of: Callable[[str], str],
) -> None:
    limits: list[Any] = []

    def ask(connection: sa.Connection) -> None:
        limits.append(connection.exec_driver_sql("SHOW statement_timeout").scalar())

    sa.event.listen(sa.Engine, "commit", ask)
    try:
        schema.migrate(url_of("postgres"))
    finally:
        sa.event.remove(sa.Engine, "commit", ask)
    assert limits == ["6h"]


@pytest.mark.postgres
def test_postgres_compiles_no_statement_that_has_to_read_a_whole_table(
    url_of: Callable[[str], str],
) -> None:
    engine = make_engine(url_of("postgres"))

    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE no_index AS SELECT generate_series(1, 3) AS number"
        )
        plan = connection.exec_driver_sql("EXPLAIN ANALYZE SELECT sum(number) FROM no_index").scalars().all()
    engine.dispose()

    assert any("Seq Scan" in line for line in plan)
    assert not any("JIT" in line for line in plan)


def test_every_release_has_a_revision_before_and_one_after_in_one_line() -> None:
    names = sorted(path.stem for path in (schema.MIGRATIONS / "versions").glob("*.py"))
    releases = sorted({name.split("_")[0] for name in names})

    assert names == sorted(f"{release}_{phase}" for release in releases for phase in ("before", "after"))
    assert releases[-1] == schema.RELEASE


@pytest.mark.parametrize(
    ("version", "words"), [("0000_after", "older"), ("9999_before", "newer"), (None, "empty")]
)
def test_a_schema_of_another_version_is_refused_with_what_to_do(
    tmp_path: Path, version: str | None, words: str
) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    engine = make_engine(url)
    if version is not None:
        schema.create_all_at_once(engine)
        with engine.begin() as connection:
            connection.execute(sa.text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{version}'"))

    with pytest.raises(UserError, match=words) as caught:
        open_store(url, fernet_keys=KEYS)

    assert "windward db migrate" in caught.value.hint or "Upgrade" in caught.value.hint
    if words == "newer":
        with pytest.raises(UserError, match="newer"):
            schema.migrate(url)
    engine.dispose()


def test_several_that_begin_at_once_make_one_schema(url: str) -> None:
    gate = threading.Barrier(4)
    made: list[bool] = []

    def begin() -> None:
        engine = make_engine(url)
        gate.wait(timeout=60)
        made.append(schema.create_all_at_once(engine))
        engine.dispose()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(made) == [False, False, False, True]


def test_a_reset_leaves_nothing(url: str) -> None:
    store = open_store(url, fernet_keys=KEYS, create=True)
    store.runs.apply([[create(run_of(), "load")]])
    store.secrets.set_variable("a", "1")
    store.close()

    schema.reset(url)

    store = open_store(url, fernet_keys=KEYS)
    assert store.runs.load_open_runs() == []
    assert store.secrets.list_variables() == []
    assert [pool.name for pool in store.secrets.load_pools()] == ["default_pool"]
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "oracle://x/y",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://localhost",
        "mysql://host/",
    ],
)
def test_a_url_that_cannot_be_used_is_a_setting_to_correct(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_store(url, fernet_keys=KEYS)
    assert "sql_alchemy_conn" in caught.value.hint


def test_a_bad_url_does_not_show_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_url("oracle://ada:sesame@host/db")
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://h/d", "postgresql+psycopg"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg"),
        ("mysql+mysqldb://h/d", "mysql+pymysql"),
        ("mariadb://h/d", "mysql+pymysql"),
    ],
)
def test_airflows_urls_are_understood(given: str, driver: str) -> None:
    assert parse_url(given).drivername == driver


@pytest.mark.parametrize("url", ["postgresql://postgres@127.0.0.1:1/none", "mysql://root@127.0.0.1:1/none"])
def test_a_server_that_does_not_answer_is_unavailable(url: str) -> None:
    with pytest.raises(UnavailableError, match="does not answer"):
        open_store(url, fernet_keys=KEYS)


def test_opening_sqlite_imports_no_alembic_and_no_other_driver(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "import windward.store\n"
        "assert not any(name.startswith('windward.store.') for name in sys.modules), 'the package imports something'\n"
        "import windward.store.objects, windward.store.code, windward.store.memory, windward.store.ids\n"
        "assert 'sqlalchemy' not in sys.modules and 'obstore' not in sys.modules\n"
        "from windward.store.sql.open import open_store\n"
        f"open_store('sqlite:///{tmp_path}/x.db', fernet_keys=['{KEYS[0]}'], create=True).close()\n"
        "print(sorted({'alembic', 'psycopg', 'pymysql', 'sqlalchemy.orm'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_database_file_is_for_its_owner_whatever_folder_it_is_in(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        store = open_store(f"sqlite:///{tmp_path}/x.db", fernet_keys=KEYS, create=True)
        store.runs.apply([[create(run_of(1))]])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {"x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}
