"""What reads over HTTP cost, by count: statements, evaluations of passwords, threads, and what is remembered."""

import http.client
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests.api.conftest import Client, FakeGate, FakeLedger
from tests.api.signing_in import bearer, jwt_of, sign_in
from tests.store.building import T0, create, document_of, put_dags, run_of
from windward.api.access.entrance import Entrance
from windward.api.access.manager import AccountManager
from windward.api.access.pages import LoginPages
from windward.api.app import make_app
from windward.api.grids import Grids
from windward.api.listen import listen
from windward.api.page import Page
from windward.api.server import THREADS_BESIDE, serve
from windward.api.services import Services
from windward.core.actions import move_run
from windward.core.transitions import RunEvent
from windward.document import TaskDocument
from windward.ports.auth import Presented
from windward.ports.clock import SystemClock
from windward.settings import ApiSettings
from windward.store.sql.cipher import Cipher
from windward.store.sql.database import Database
from windward.store.sql.listings import SqlListings
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.grid import SqlGridListings
from windward.store.sql.open import SqlStore

TASKS = tuple(TaskDocument(task_id=f"t{number}", operator="PythonOperator") for number in range(40))
RUNS = 12
DAG = "/api/v2/dags/sales"
GRID = "/api/windward/v1/dags/sales/grid"


def fill(store: SqlStore, first: int, count: int) -> None:
    """Make runs that have ended, of forty tasks each."""
    put_dags(store, "sales", tasks=TASKS)
    document_hash = document_of("sales", tasks=TASKS)[0]
    for run_pk in range(first, first + count):
        run = run_of(run_pk, run_id=f"r{run_pk}", document_hash=document_hash)
        assert store.runs.apply([[create(run, *(task.task_id for task in TASKS))]]).all
        assert store.runs.apply([[move_run(run, RunEvent.START, at=T0, start_date=T0)]]).all
        [begun] = store.runs.load_runs([run_pk])
        assert store.runs.apply([[move_run(begun, RunEvent.SUCCEED, at=T0, end_date=T0)]]).all


STATEMENTS = {
    "/api/v2/dags?limit=50": 2,
    f"{DAG}/dagRuns?limit=5&order_by=-run_after": 4,
    "/api/v2/dags/~/dagRuns?limit=50": 2,
    f"{DAG}/dagRuns/r1/taskInstances?limit=20": 5,
    f"{DAG}/dagRuns/r1/taskInstances/t7": 2,
    f"{DAG}/dagRuns/~/taskInstances?state=failed&limit=50": 3,
    f"{GRID}?limit=30": 2,
    f"{DAG}/dagRuns/r1": 1,
    "/api/windward/v1/me": 2,
}
ROWS_ONLY = [path for path in STATEMENTS if path != "/api/windward/v1/me"]
WHO = 3
"""Statements that tell who asks: whether the JWT was taken back, who it stands for, and what they may."""


@pytest.mark.parametrize("path", STATEMENTS)
def test_a_read_takes_few_statements_however_many_rows_there_are(
    client: Client, store: SqlStore, path: str
) -> None:
    fill(store, 1, 2)
    headers = bearer(jwt_of(client))

    def statements() -> int:
        assert client.ask("GET", path, headers=headers).status == 200  # reads what later ones remember
        before = store.counters.queries
        assert client.ask("GET", path, headers=headers).status == 200
        return store.counters.queries - before

    few = statements()
    fill(store, 3, RUNS)

    assert few <= WHO + STATEMENTS[path]
    assert statements() <= WHO + STATEMENTS[path]


@pytest.mark.parametrize("path", ROWS_ONLY)
def test_a_read_of_rows_is_one_transaction_who_asks_included(
    client: Client, store: SqlStore, path: str
) -> None:
    fill(store, 1, 2)
    headers, begun = bearer(jwt_of(client)), list[object]()

    def note(connection: object, *_: object) -> None:
        begun.append(connection)

    sa.event.listen(store.engine, "checkout", note)  # each takes a connection, and gives it back

    assert client.ask("GET", path, headers=headers).status == 200

    assert len(begun) == 1


def test_what_is_remembered_of_a_grid_is_what_is_there(
    client: Client, services: Services, store: SqlStore, gate: FakeGate, ledger: FakeLedger
) -> None:
    def shown() -> Any:
        listings = SqlListings(Database(store.engine), Cipher([Fernet.generate_key().decode()]))
        begun = replace(services, listings=listings, grids=Grids())
        app = make_app(
            begun,
            gate=gate,
            ledger=ledger,
            page=Page(begun, gate=gate, title=""),
            login=LoginPages(begun.entrance, store.audit, title=""),
        )
        warm = client.ask("GET", GRID, role="viewer")
        cold = Client(app, client.password).ask("GET", GRID, role="viewer")
        assert warm.json == cold.json
        return warm.json

    fill(store, 1, 2)
    first = shown()
    assert first == shown()
    patched = client.ask("PATCH", f"{DAG}/dagRuns/r1", {"note": "look"}, role="admin")
    assert patched.status == 200, patched.body
    noted = shown()
    assert {run["dag_run_id"]: run["note"] for run in noted["runs"]} == {"r1": "look", "r2": None}
    assert noted["cursor"] != first["cursor"]
    failed = client.ask("PATCH", f"{DAG}/dagRuns/r2", {"state": "failed"}, role="admin")
    assert failed.status == 200, failed.body
    assert {run["dag_run_id"]: run["state"] for run in shown()["runs"]} == {"r1": "success", "r2": "failed"}
    put_dags(store, "sales", tasks=(*TASKS[:3], TaskDocument(task_id="new", operator="PythonOperator")))
    tasks = shown()["tasks"]
    assert [task["task_id"] for task in tasks if not task["is_gone"]] == ["t0", "t1", "t2", "new"]
    assert len(tasks) == len(TASKS) + 1


def test_lists_show_what_is_there_whatever_is_remembered(
    client: Client, services: Services, store: SqlStore
) -> None:
    fill(store, 1, 2)
    instances, runs = f"{DAG}/dagRuns/r1/taskInstances", f"{DAG}/dagRuns"

    def shown(path: str, field: str) -> dict[str, Any]:
        rows = client.ask("GET", path, role="viewer").json
        (found,) = (rows[name] for name in rows if name in {"task_instances", "dag_runs"})
        return {row.get("task_id", row["dag_run_id"]): row[field] for row in found}

    for _ in range(2):
        assert set(shown(instances, "state").values()) == {None}
        assert shown(runs, "note") == {"r1": None, "r2": None}
    for path, body in (
        (f"{runs}/r1", {"note": "look"}),
        (f"{instances}/t7", {"new_state": "failed"}),
        (f"{instances}/t8", {"note": "here"}),
    ):
        answer = client.ask("PATCH", path, body, role="admin")
        assert answer.status == 200, answer.body

    assert shown(runs, "note") == {"r1": "look", "r2": None}
    assert {name: state for name, state in shown(instances, "state").items() if state} == {"t7": "failed"}
    assert {name: note for name, note in shown(instances, "note").items() if note} == {"t8": "here"}
    put_dags(store, "sales", tasks=TASKS, display_name="Sales")
    assert set(shown(instances, "dag_display_name").values()) == {"Sales"}
    assert services.store.runs.find_run("sales", run_id="r1") is not None


def test_what_is_remembered_of_grids_has_an_end(store: SqlStore) -> None:
    fill(store, 1, RUNS)
    database = Database(store.engine)
    grid, grids = SqlGridListings(database, Documents(database), cells_max=100), Grids(columns_bytes_max=4000)
    newest = grid.newest("sales")
    assert newest is not None

    found = grid.cells(grid.runs("sales", limit=100)).runs
    columns = grids.columns(found, grids.layout(newest, found)).values()

    assert [len(one.cells) for one in found] == [len(TASKS)] * RUNS
    assert sum(len(msgspec.json.encode(column.raw)) for column in columns) > 4000
    assert 0 < grid.remembered <= 100
    assert 0 < grids.remembered_bytes <= 4000


def test_runs_that_are_read_together_share_what_is_the_same_in_them(store: SqlStore) -> None:
    fill(store, 1, RUNS)
    database = Database(store.engine)
    grid = SqlGridListings(database, Documents(database))

    found = grid.cells(grid.runs("sales", limit=100)).runs

    assert len({id(cell) for one in found for cell in one.cells}) == len(TASKS)
    assert len({id(one.cells) for one in found}) == 1
    newest = grid.newest("sales")
    assert newest is not None
    layout = Grids().layout(newest, found)
    columns = Grids().columns(found, layout).values()
    assert len({id(column.raw) for column in columns}) == RUNS
    shown = [msgspec.json.decode(column.raw) for column in columns]
    assert [one["states"] for one in shown] == [shown[0]["states"]] * RUNS


def test_a_run_that_went_another_way_does_not_share(store: SqlStore) -> None:
    fill(store, 1, 3)
    with store.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE task_instance SET state = 'failed' WHERE run_pk = 2 AND task_id = 't1'")
        )
    database = Database(store.engine)
    grid = SqlGridListings(database, Documents(database))
    newest = grid.newest("sales")
    assert newest is not None

    found = grid.cells(grid.runs("sales", limit=100)).runs
    grids = Grids()
    columns = grids.columns(found, grids.layout(newest, found))

    assert len({id(one.cells) for one in found}) == 2
    shown = {name: msgspec.json.decode(column.raw)["states"] for name, column in columns.items()}
    assert shown["r1"] == shown["r3"]
    assert [a == b for a, b in zip(shown["r1"], shown["r2"], strict=True)].count(False) == 1


@dataclass
class CountingPasswords:
    """Counts how often the slow work is done."""

    checked: list[str] = field(default_factory=list)

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def is_right(self, password_hash: str | None, password: str) -> bool:
        self.checked.append(password)
        return password_hash == f"hash of {password}"


def test_no_password_is_evaluated_for_a_session_a_token_or_a_jwt(client: Client, services: Services) -> None:
    token = client.ask("POST", "/api/windward/v1/me/tokens", {"name": "t"}, headers=bearer(jwt_of(client)))
    assert token.status == 201, token.body
    cookies = "; ".join(f"{name}={value}" for name, value in sign_in(client).items())
    passwords = CountingPasswords()
    desk = replace(services.account_desk, passwords=passwords)
    entrance = Entrance(services.settings, desk, AccountManager(desk, services.settings))

    for headers in (
        bearer(jwt_of(client)),
        bearer(token.json["token"]),
        {"cookie": cookies},
    ):
        presented = Presented(method="GET", path="/", headers=headers, address="::1", peer="::1")
        found = entrance.admit(presented)
        assert found is not None
        assert found.name == "admin"

    assert passwords.checked == []


class Stop:
    """A request to stop."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def fileno(self) -> int:
        return self._reader

    def set(self) -> None:
        self._is_set = True
        os.write(self._writer, b"x")

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


@contextmanager
def served(services: Services) -> Iterator[int]:
    """Serve on a socket; give the port."""
    listener = listen(ApiSettings(host="127.0.0.1", port=0))
    stop, is_up = Stop(), threading.Event()
    thread = threading.Thread(
        target=serve,
        args=[services, listener],
        kwargs={
            "clock": SystemClock(),
            "name": "test",
            "hostname": "test",
            "stop": stop,
            "ready": is_up.set,
        },
    )
    thread.start()
    try:
        assert is_up.wait(30)
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        stop.close()


def test_clients_that_are_slow_or_dead_cost_others_nothing(
    client: Client, services: Services, store: SqlStore, tmp_path: Path
) -> None:
    del tmp_path
    fill(store, 1, 2)
    token = jwt_of(client)
    head = f"GET {GRID} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
    with served(services) as port, ExitStack() as opened:
        before = threading.active_count()
        for number in range(100):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            # Half of a request, or many whole ones in a row whose answers nobody reads.
            one.sendall(head.encode() if number % 2 else f"{head}\r\n".encode() * 20)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(20):
            connection.request("GET", GRID, headers={"authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) > 1000) == (200, True)
        connection.close()

        threads_max = 2 * services.settings.database.pool_size + THREADS_BESIDE
        assert threading.active_count() - before <= threads_max
