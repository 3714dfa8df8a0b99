"""The servers that some tests need: where they listen, whether they answer, and a fresh database on each.

A service is looked for at its usual loopback address with its usual test account, and nowhere else. Without it a test
is skipped with the reason; with `CI=true` in the environment it fails, so that a green run means that it was tested.
"""

import functools
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import psycopg
import pymysql
import pytest

PROBE_TIMEOUT_S = 20
DROP_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class Service:
    """A server on loopback. `why_unusable()` is empty when a test may use it, and otherwise says what is wrong."""

    name: str
    port: int
    why_unusable: Callable[[], str]


def _why_no_answer(port: int) -> str:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PROBE_TIMEOUT_S).close()
    except OSError as error:
        return str(error)
    return ""


def _connect_postgres() -> psycopg.Connection:
    return psycopg.connect(
        "postgresql://postgres@127.0.0.1:5432/postgres", autocommit=True, connect_timeout=PROBE_TIMEOUT_S
    )


def _connect_mariadb() -> "pymysql.Connection[pymysql.cursors.Cursor]":
    return pymysql.connect(
        host="127.0.0.1", port=3306, user="root", autocommit=True, connect_timeout=PROBE_TIMEOUT_S
    )


@functools.cache
def _why_no_postgres() -> str:
    try:
        _connect_postgres().close()
    except psycopg.Error as error:
        return str(error)
    return ""


@functools.cache
def _why_no_mariadb() -> str:
    try:
        _connect_mariadb().close()
    except pymysql.MySQLError as error:
        return str(error)
    return ""


POSTGRES = Service(name="postgres", port=5432, why_unusable=_why_no_postgres)
MARIADB = Service(name="mariadb", port=3306, why_unusable=_why_no_mariadb)
REDIS = Service(name="redis", port=6379, why_unusable=functools.partial(_why_no_answer, 6379))
RABBITMQ = Service(name="rabbitmq", port=5672, why_unusable=functools.partial(_why_no_answer, 5672))
SERVICES = {service.name: service for service in (POSTGRES, MARIADB, REDIS, RABBITMQ)}


def require(service: Service, *, environment: Mapping[str, str] = os.environ) -> None:
    """Return when `service` answers; skip the test otherwise, or fail it where `CI` is `true`."""
    why = service.why_unusable()
    if not why:
        return
    _give_up(f"{service.name} does not answer on 127.0.0.1:{service.port}: {why}", environment=environment)


def _give_up(reason: str, *, environment: Mapping[str, str]) -> NoReturn:
    if environment.get("CI") == "true":
        pytest.fail(f"{reason} (a skip, but for CI=true)", pytrace=False)
    pytest.skip(reason)


def _fresh_name() -> str:
    return f"windward_test_{os.getpid()}_{secrets.token_hex(4)}"


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a new, empty PostgreSQL database; drop it afterwards."""
    require(POSTGRES)
    name = _fresh_name()
    with _connect_postgres() as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        # Nobody reads it after a crash of the server: no commit waits for the disk. Whoever is connected sees no difference.
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:5432/{name}"
    finally:
        with _connect_postgres() as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def fresh_mariadb() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a new, empty MariaDB database; drop it afterwards."""
    require(MARIADB)
    name = _fresh_name()
    with _connect_mariadb() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    try:
        yield f"mysql+pymysql://root@127.0.0.1:3306/{name}"
    finally:
        with _connect_mariadb() as connection, connection.cursor() as cursor:
            cursor.execute(f"SET SESSION lock_wait_timeout = {DROP_TIMEOUT_S}")
            cursor.execute(f"DROP DATABASE `{name}`")
