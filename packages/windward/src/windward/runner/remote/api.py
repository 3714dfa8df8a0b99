"""The operations of the execution API, as a worker calls them. The shapes repeat those of the server on purpose:
a worker may be of another version than its server, and loads nothing of it.
"""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from windward.client.http import ApiClient, in_path
from windward.protocol.calls import Answer, Call
from windward.protocol.messages import Hello, StartGranted, ToHost
from windward.protocol.outcomes import Ending
from windward.protocol.work import AttemptRef

MAIL_WAIT_S = 20.0


class Welcomed(msgspec.Struct, kw_only=True):
    """The host is known."""

    lease_s: float


class Beaten(msgspec.Struct, kw_only=True):
    """The heartbeat was taken."""

    renewed: list[str | None]


class Mailed(msgspec.Struct, kw_only=True):
    """One message, with the tokens of the attempts that it brings."""

    mail_pk: int
    message: ToHost
    tokens: list[str] = []


class _Mail(msgspec.Struct, kw_only=True):
    items: list[Mailed]


class _Answered(msgspec.Struct, kw_only=True):
    answer: Answer


class _LogSize(msgspec.Struct, kw_only=True):
    size: int


class _Manifest(msgspec.Struct, kw_only=True):
    files: dict[str, str]


class ExecutionApi:
    """Calls; each raises as `ApiClient.ask` does."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def hello(self, hello: Hello) -> Welcomed:
        """Say that the host is there."""
        return self._client.ask("POST", "/execution/v1/hosts", Welcomed, body=hello)

    def beat(self, host_id: str, running: list[AttemptRef], renew: list[str]) -> Beaten:
        """Say that it lives."""
        body = {"running": running, "renew": renew}
        return self._client.ask("POST", f"{_of(host_id)}/heartbeat", Beaten, body=body)

    def mail(self, host_id: str) -> list[Mailed]:
        """Wait for mail."""
        return self._client.ask("GET", f"{_of(host_id)}/mail?wait_s={MAIL_WAIT_S:g}", _Mail).items

    def has_read(self, host_id: str, mail_pks: list[int]) -> None:
        """Say that mail was read."""
        self._client.tell("POST", f"{_of(host_id)}/mail/read", body={"mail_pks": mail_pks})

    def goodbye(self, host_id: str) -> None:
        """Say that the host goes."""
        self._client.tell("DELETE", _of(host_id))

    def start(self, token: str) -> StartGranted:
        """Ask for leave to start."""
        return self._client.ask("POST", "/execution/v1/attempt/start", StartGranted, token=token)

    def call(self, token: str, call: Call) -> Answer:
        """Ask what user code asks."""
        path = "/execution/v1/attempt/call"
        return self._client.ask("POST", path, _Answered, body={"call": call}, token=token).answer

    def end(self, token: str, ending: Ending) -> None:
        """Say how the attempt ended."""
        self._client.tell("POST", "/execution/v1/attempt/end", body={"ending": ending}, token=token)

    def append_log(self, token: str, path: str, offset: int, data: bytes) -> int:
        """Append to the attempt's log; return how long it is now."""
        query = urlencode({"path": path, "offset": offset})
        return self._client.ask(
            "POST", f"/execution/v1/attempt/log?{query}", _LogSize, body=data, token=token
        ).size

    def manifest(self, code_hash: str) -> dict[str, str]:
        """Return what a code version holds."""
        return self._client.ask("GET", f"/execution/v1/code/{in_path(code_hash)}", _Manifest).files

    def code_file(self, code_hash: str, path: str) -> bytes:
        """Return one file of a code version."""
        query = urlencode({"path": path})
        return self._client.ask("GET", f"/execution/v1/code/{in_path(code_hash)}/file?{query}", bytes)


def _of(host_id: str) -> str:
    return f"/execution/v1/hosts/{in_path(host_id)}"
