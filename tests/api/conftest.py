"""The application over a SQLite store, asked without a socket."""

import asyncio
import base64
import functools
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from starlette.requests import Request
from starlette.types import ASGIApp

from tests import databases
from windward.api.access.entrance import Entrance, EntranceGate
from windward.api.access.manager import found_manager
from windward.api.access.pages import LoginPages
from windward.api.app import make_app
from windward.api.changes import Changes
from windward.api.connection_tests import ConnectionTests
from windward.api.contract.operation import Operation
from windward.api.contract.serving import Gate
from windward.api.execution.tokens import AttemptTokens
from windward.api.page import Page
from windward.api.services import Execution, Services
from windward.app.credentials import ArgonPasswords, new_id, new_secret
from windward.app.files import MemoryXComs
from windward.app.first_user import FirstUser, make_first_user
from windward.core.access import BUILT_IN_ROLES
from windward.engine.people.accounts import OPERATOR, AccountDesk, create_user
from windward.engine.people.desk import Desk
from windward.engine.remote import RemoteDoor
from windward.engine.service import ExecutionService
from windward.logs.local import LocalLogStore
from windward.model.access import Permission, Principal
from windward.model.accounts import User
from windward.ports.installed import (
    ConnectionField,
    ConnectionType,
    Plugin,
    PluginError,
    Plugins,
    ProviderPackage,
)
from windward.settings import load
from windward.store.code import LocalCodeStore
from windward.store.ids import SnowflakeIds
from windward.store.sql.open import SqlStore, open_store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


SECRET_KEY = "a key that only tests have"


@dataclass
class FixedClock:
    """Always the same moment, until somebody moves it; whoever sleeps is sooner tired of it."""

    at: datetime = NOW
    slept_s: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.slept_s + (self.at - NOW).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


class FakeIds:
    """Ids of runs."""

    def __init__(self) -> None:
        self.next_pk = SnowflakeIds()


@dataclass
class FakeWakeup:
    """Counts."""

    count: int = 0

    def wake(self) -> None:
        self.count += 1


@dataclass
class FakeTester:
    """Finds every service well but those on the host `closed`, and remembers what it was asked."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def test(self, conn_id: str, fields: Mapping[str, Any]) -> tuple[bool, str]:
        self.asked.append((conn_id, dict(fields)))
        return fields.get("host") != "closed", "asked"


class FakeInstalled:
    """Two packages, one with a plugin."""

    def providers(self) -> list[ProviderPackage]:
        return [
            ProviderPackage(
                package_name="apache-airflow-providers-http",
                version="5.0",
                description="`HTTP <http>`_ things.",
                documentation_url="https://docs.example/http",
            ),
            ProviderPackage(package_name="apache-airflow-providers-ssh", version="4.0"),
        ]

    def connection_types(self) -> list[ConnectionType]:
        host = ConnectionField(name="host", label="Shop", placeholder="shop.example")
        key = ConnectionField(name="key", label="Key", is_secret=True)
        return [ConnectionType(connection_type="shop", name="Shop", fields=(host,), extras=(key,))]

    def plugins(self) -> Plugins:
        shop = Plugin(name="shop", source="shop==1.0: shop.plugin:Shop", timetables=("shop.plugin.Hours",))
        return Plugins(loaded=(shop,), broken=(PluginError(source="old.py", error="ImportError: no"),))


@dataclass
class FakeLedger:
    """Remembers."""

    lines: list[tuple[str, str, int]] = field(default_factory=list)

    def record(
        self, operation: Operation, principal: Principal, _request: Request, *, body: object, status: int
    ) -> None:
        del body
        self.lines.append((operation.name, principal.name, status))


@dataclass
class FakeGate:
    """Believes a header: `x-role` names a role, whose permissions the test may give. Without it, the real gate."""

    real: Gate | None = None
    permissions: dict[str, frozenset[Permission]] = field(default_factory=lambda: dict(BUILT_IN_ROLES))
    scopes: dict[str, frozenset[Permission]] = field(default_factory=dict)
    """What a role is limited to, as if it came in with a token."""

    def admit(self, request: Request) -> Principal | None:
        role = request.headers.get("x-role")
        if role is None:
            return self.real.admit(request) if self.real is not None else None
        held, scopes = self.permissions[role], self.scopes.get(role)
        return Principal(user_id=role, name=role, roles=(role,), permissions=held, scopes=scopes)


class Client:
    """Sends requests to the application as somebody with a role."""

    def __init__(self, app: ASGIApp, password: str, ticket: str = ""):
        self.password = password
        self.ticket = ticket
        self.app = app

    def get(self, path: str, *, user: str | None = None, password: str | None = None) -> Answer:
        headers = {}
        if user is not None:
            headers["authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.ask("GET", path, headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str | None = None,
        headers: Mapping[str, str] | None = None,
        on_part: Callable[[Any], None] | None = None,
    ) -> Answer:
        """Return the answer; `on_part` is called with each part of it while it is sent."""
        sent_headers = dict(headers or {})
        raw = b""
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent_headers.setdefault("content-type", "application/json")
        if role is not None:
            sent_headers["x-role"] = role
        pairs = [(name.lower().encode(), value.encode()) for name, value in sent_headers.items()]
        return asyncio.run(self._ask(method, path, pairs, raw, on_part))

    async def _ask(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        raw: bytes,
        on_part: Callable[[Any], None] | None,
    ) -> Answer:
        sent: list[Any] = []
        parts = urlsplit(path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

        asked: list[Any] = [{"type": "http.request", "body": raw, "more_body": False}]

        async def receive() -> Any:
            if not asked:  # the client stays until it has its answer, but not for one that never ends
                while not sent or not any(b"event-stream" in value for _, value in sent[0]["headers"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                return {"type": "http.disconnect"}
            return asked.pop()

        async def send(message: Any) -> None:
            sent.append(message)
            if on_part is not None:
                on_part(message)

        await self.app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        cookies = [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]
        body = b"".join(part.get("body", b"") for part in sent[1:])
        return Answer(sent[0]["status"], found, body, cookies)


# As weak as Argon2 can be: how strong it is in use is not what is tested here.
PASSWORDS = ArgonPasswords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@functools.cache
def founded() -> tuple[bytes, FirstUser]:
    """Return a database with the first user in it, who is made once: two thousand tests want one, and none the making."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "windward.db")
        opened = open_store(databases.with_tables(path), fernet_keys=[Fernet.generate_key().decode()])
        first = make_first_user(account_desk(opened, lambda: NOW), Path(folder), ticket_s=900)
        opened.close()
        assert first is not None
        return path.read_bytes(), first


def account_desk(store: SqlStore, now: Callable[[], datetime]) -> AccountDesk:
    return AccountDesk(
        accounts=store.accounts, passwords=PASSWORDS, now=now, new_id=new_id, new_secret=new_secret
    )


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    path = tmp_path / "windward.db"
    if "client" in request.fixturenames:
        path.write_bytes(founded()[0])
    opened = open_store(databases.with_tables(path), fernet_keys=[Fernet.generate_key().decode()])
    yield opened
    opened.close()


@pytest.fixture
def wakeup() -> FakeWakeup:
    return FakeWakeup()


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def gate(services: Services) -> FakeGate:
    return FakeGate(real=EntranceGate(services.entrance))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def tester() -> FakeTester:
    return FakeTester()


@pytest.fixture
def variables() -> dict[str, str]:
    """Return the environment that settings are read from; a test may have its own."""
    return {}


@pytest.fixture
def services(
    store: SqlStore,
    tmp_path: Path,
    wakeup: FakeWakeup,
    clock: FixedClock,
    variables: dict[str, str],
    tester: FakeTester,
) -> Services:
    settings = load({"WINDWARD__API__SECRET_KEY": SECRET_KEY, **variables}, home=tmp_path)
    accounts = account_desk(store, clock.now)
    manager = found_manager(accounts, settings)
    return Services(
        settings=settings,
        store=store,
        listings=store.listings,
        desk=Desk(store=store, clock=clock, wakeup=wakeup, next_pk=SnowflakeIds()),
        account_desk=accounts,
        entrance=Entrance(settings, accounts, manager),
        now=clock.now,
        execution=Execution(
            door=RemoteDoor(
                store, ExecutionService(store, FakeIds(), wake=wakeup.wake), wakeup, clock, sleep=clock.sleep
            ),
            tokens=AttemptTokens("test-key"),
            logs=LocalLogStore(tmp_path / "logs"),
            code=LocalCodeStore(tmp_path / "code"),
            values=MemoryXComs(threshold_bytes=1000),
        ),
        changes=Changes(store.listings, clock.now),
        connection_tests=ConnectionTests(
            tester, store.connection_tests, is_enabled=settings.core.test_connection == "enabled"
        ),
        installed=FakeInstalled(),
    )


@pytest.fixture
def client(services: Services, gate: FakeGate, ledger: FakeLedger, tmp_path: Path) -> Client:
    # A store that a test has of its own has no user yet.
    first = make_first_user(services.account_desk, tmp_path, ticket_s=900) or founded()[1]
    title = "Test <b>&"
    app = make_app(
        services,
        gate=gate,
        ledger=ledger,
        page=Page(services, gate=gate, title=title),
        login=LoginPages(services.entrance, services.store.audit, title=title),
    )
    return Client(app, first.password, first.ticket)


@pytest.fixture
def beat(store: SqlStore) -> Callable[[str, datetime], None]:
    def write(kind: str, at: datetime) -> None:
        store.hosts.beat_component(kind, "here", hostname="here", pid=1, now=at)

    return write


@pytest.fixture
def viewer(services: Services) -> User:
    user = User(user_id="", username="vera", roles=("viewer",), created_at=services.now())
    return create_user(services.account_desk, user, "a long password", by=OPERATOR)
