"""One run of SQL against one database: opened by URL, one transaction unless autocommit, handed to the driver's cursor.

SQLAlchemy is imported when SQL runs and not before: DAG files that only declare SQL do not pay for it, and the
control plane's rule that authors' names load no database library holds.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from windward.sdk.exceptions import AirflowException, AirflowOptionalProviderFeatureException
from windward.sdk.masking import redact
from windward.sdk.operators.sql_text import Dialect, bind, split_statements

DRIVERS: dict[str, tuple[str, ...]] = {
    "postgres": ("postgresql+psycopg", "postgresql+psycopg2"),
    "postgresql": ("postgresql+psycopg", "postgresql+psycopg2"),
    "mysql": ("mysql+pymysql", "mysql+mysqldb"),
    "mariadb": ("mysql+pymysql", "mysql+mysqldb"),
    "sqlite": ("sqlite",),
    "mssql": ("mssql+pymssql", "mssql+pyodbc"),
    "oracle": ("oracle+oracledb",),
}
"""Connection types and URL schemes to SQLAlchemy's names, the first with an installed driver is taken."""

MODULES = {
    "psycopg": "psycopg", "psycopg2": "psycopg2", "pymysql": "pymysql", "mysqldb": "MySQLdb", "pymssql": "pymssql",
    "pyodbc": "pyodbc", "oracledb": "oracledb",
}  # fmt: skip
EXTRAS = {"psycopg": "windward[postgres]", "pymysql": "windward[mysql]"}
OWN_EXTRAS = frozenset(
    {"cursor", "iam", "redshift", "cluster-identifier", "sqlalchemy_scheme", "sqlalchemy_url"}
)
"""Extras of a connection that its hook reads and no driver knows."""

SHOWN_CHARS_MAX = 1_000
"""How much of a statement's parameters the log shows."""

_OWN_TRANSACTION = re.compile(
    r"(?:begin|start\s+transaction|commit|rollback|end|savepoint|vacuum|attach)\b", re.IGNORECASE
)
Handler = Callable[[Any], Any]


def fetch_all_handler(cursor: Any) -> list[Any] | None:
    """Return all rows; None for a statement without rows."""
    return list(cursor.fetchall()) if cursor.description is not None else None


def fetch_one_handler(cursor: Any) -> Any:
    """Return the first row; None for a statement without rows."""
    return cursor.fetchone() if cursor.description is not None else None


def url_of_connection(connection: Any, *, database: str | None = None) -> Any:
    """Return the SQLAlchemy URL of a connection, or None when its type is of no known database."""
    extra = dict(connection.extra_dejson)
    if extra.get("sqlalchemy_url"):
        return checked_url(str(extra["sqlalchemy_url"]))
    scheme = extra.get("sqlalchemy_scheme") or _scheme(str(connection.conn_type))
    if scheme is None:
        return None
    engine = _sqlalchemy("engine")
    if scheme == "sqlite":
        return engine.make_url(f"sqlite:///{database or connection.host or connection.schema or ''}")
    query = {
        key: str(value)
        for key, value in extra.items()
        if key not in OWN_EXTRAS and not isinstance(value, dict)
    }
    return engine.URL.create(
        scheme,
        username=connection.login or None,
        password=connection.get_password() or None,
        host=connection.host or None,
        port=connection.port,
        database=database or connection.schema or None,
        query=query,
    )


def checked_url(url: str) -> Any:
    """Return a URL with the driver that is installed. Raises `AirflowException` for a text that is no URL."""
    engine = _sqlalchemy("engine")
    try:
        made = engine.make_url(url)
    except Exception as error:
        raise AirflowException(
            "`url` is no database URL\n\nhint: Write `dialect://user:password@host:port/database`."
        ) from error
    scheme = _scheme(made.drivername)
    return made.set(drivername=scheme) if scheme is not None else made


def _shown(parameters: Any) -> str:
    """Return parameters as a log line shows them: without secrets, and cut, as whole tables are bound that way too."""
    text = str(redact(parameters))
    cut = len(text) - SHOWN_CHARS_MAX
    return text if cut <= 0 else f"{text[:SHOWN_CHARS_MAX]}… ({cut} more characters)"


def _scheme(name: str) -> str | None:
    """Return SQLAlchemy's name with an installed driver, of a connection type or a URL's scheme."""
    choices = DRIVERS.get(name)
    if choices is None:
        return None
    for choice in choices:
        driver = choice.partition("+")[2]
        if not driver or importlib.util.find_spec(MODULES[driver]) is not None:
            return choice
    driver = choices[0].partition("+")[2]
    raise AirflowOptionalProviderFeatureException(
        f"SQL on `{name}` needs the package `{driver}`\n\nhint: `pip install {EXTRAS.get(driver, driver)}`"
    )


def _sqlalchemy(module: str) -> Any:
    return importlib.import_module(f"sqlalchemy.{module}")


class SqlSession:
    """A database, opened for the time of one task."""

    def __init__(self, url: Any, log: logging.Logger) -> None:
        self._url = url
        self._log = log
        self._connection: Any = None
        self.descriptions: list[Any] = []

    def run(
        self,
        scripts: Sequence[str],
        *,
        parameters: Any = None,
        autocommit: bool = False,
        split: bool | None = None,
        handler: Handler | None = fetch_all_handler,
    ) -> list[list[Any]]:
        """Run the scripts in one transaction (none with `autocommit`); return what `handler` made of each statement.

        `split` None: a script of several statements is split.
        """
        with self._opened(autocommit=autocommit) as (cursor, dialect, paramstyle):
            parts = [
                split_statements(script, dialect)
                if split is not False
                else [script.strip()] * bool(script.strip())
                for script in scripts
            ]
            self._begin(cursor, dialect, [one for part in parts for one in part], autocommit=autocommit)
            return [
                [self._one(cursor, one, parameters, dialect, paramstyle, handler) for one in part]
                for part in parts
            ]

    def _begin(self, cursor: Any, dialect: Dialect, statements: list[str], *, autocommit: bool) -> None:
        """Begin a transaction on SQLite, whose driver would leave statements before the first INSERT out of it."""
        if dialect is not Dialect.SQLITE or autocommit:
            return
        if not any(
            _OWN_TRANSACTION.match(statement) or statement.lower().startswith("pragma")
            for statement in statements
        ):
            cursor.execute("BEGIN")

    def _one(
        self,
        cursor: Any,
        statement: str,
        parameters: Any,
        dialect: Dialect,
        paramstyle: str,
        handler: Handler | None,
    ) -> Any:
        self._log.info("Running statement: %s, parameters: %s", statement, _shown(parameters))
        bound = bind(statement, parameters, dialect=dialect, paramstyle=paramstyle)
        if bound.parameters is None:
            cursor.execute(bound.statement)
        else:
            cursor.execute(bound.statement, bound.parameters)
        self.descriptions.append(cursor.description)
        result = handler(cursor) if handler is not None else None
        if cursor.rowcount >= 0:
            self._log.info("Rows affected: %s", cursor.rowcount)
        return result

    @contextmanager
    def _opened(self, *, autocommit: bool) -> Iterator[tuple[Any, Dialect, str]]:
        engine = _sqlalchemy("engine").create_engine(self._url, poolclass=_sqlalchemy("pool").NullPool)
        connection = engine.connect()
        try:
            if autocommit:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            self._connection = connection.connection.dbapi_connection
            cursor = self._connection.cursor()
            try:
                yield cursor, Dialect.named(engine.dialect.name), engine.dialect.dbapi.paramstyle
                if not autocommit:
                    self._connection.commit()
            except BaseException:
                if not autocommit:
                    self._connection.rollback()
                raise
            finally:
                cursor.close()
        finally:
            self._connection = None
            connection.close()
            engine.dispose()

    def cancel(self) -> None:
        """Ask the database to stop what runs, where its driver can."""
        connection = self._connection
        for name in ("cancel", "interrupt"):  # psycopg, sqlite3
            method = getattr(connection, name, None)
            if method is not None:
                method()
                return
