"""The application over a memory store, asked without a socket."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from windward.api.access import FirstUser
from windward.api.app import Routes, make_app
from windward.app.first_user import make_first_user
from windward.store.memory import MemoryStore

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    def __init__(self, store: MemoryStore, folder: Path):
        self.password = make_first_user(folder / "first_user.json")
        routes = Routes(
            store,
            now=lambda: NOW,
            host_lease_s=30.0,
            first_user=FirstUser(folder / "first_user.json"),
            title="Test <b>&",
        )
        self._app = make_app(routes)

    def get(self, path: str, *, user: str | None = None, password: str | None = None) -> Answer:
        headers = []
        if user is not None:
            basic = base64.b64encode(f"{user}:{password}".encode())
            headers = [(b"authorization", b"Basic " + basic)]
        return asyncio.run(self._ask(path, headers))

    async def _ask(self, path: str, headers: list[tuple[bytes, bytes]]) -> Answer:
        sent: list[Any] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def client(store: MemoryStore, tmp_path: Path) -> Client:
    return Client(store, tmp_path)


@pytest.fixture
def beat(store: MemoryStore) -> Callable[[str, datetime], None]:
    def write(kind: str, at: datetime) -> None:
        store.hosts.beat_component(kind, "here", hostname="here", pid=1, now=at)

    return write
