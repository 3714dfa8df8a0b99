"""A sensor of HTTP asks a server as its connection says, and tells "not yet" from a failure."""

import asyncio
import base64
import io
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request

import pytest

from tests.sdk_runtime.fakes import FakeBridge, running
from windward.sdk.bridge import use_bridge
from windward.sdk.connection import Connection
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException, TaskDeferred
from windward.sdk.http_request import HttpResponse, HttpStatusError, Redirects, url_of
from windward.sdk.sensors.http import HttpSensor
from windward.sdk.triggers.http import HttpTrigger


class Server:
    """A server on loopback: answers by the script, the last answer for ever, and keeps what it was asked."""

    def __init__(self, port: int) -> None:
        self.bridge = FakeBridge()
        self.bridge.connections["http_default"] = {
            "conn_type": "http", "host": "127.0.0.1", "port": port, "login": "me", "password": "word",
            "extra": '{"X-Team": "data", "timeout": 20}',
        }  # fmt: skip
        self.script: list[tuple[int, str]] = [(200, '{"state": "done"}')]
        self.asked: list[tuple[str, str, dict[str, str], str]] = []

    def answer(self) -> tuple[int, str]:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            made.asked.append((self.command, self.path, dict(self.headers), body))
            status, text = made.answer()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=latin-1")
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(text.encode("latin-1"))

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        made = Server(listening.server_port)
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        listening.shutdown()


def poked(server: Server, dag: DAG, **arguments: Any) -> bool:
    task_id = f"s{len(dag.tasks)}"
    sensor = HttpSensor(task_id=task_id, dag=dag, **{"endpoint": "state", **arguments})
    with running(sensor, bridge=server.bridge) as (context, _):
        sensor.render_template_fields(context)
        return sensor.poke(context)


def test_it_asks_as_the_connection_and_the_sensor_say(server: Server, dag: DAG) -> None:
    assert poked(
        server,
        dag,
        endpoint="/jobs/{{ ds }}?a=1",
        request_params={"b": "x y"},
        headers={"X-More": "{{ ds }}"},
    )
    ((command, path, headers, _),) = server.asked
    assert (command, path) == ("GET", "/jobs/2024-03-09?a=1&b=x+y")
    assert (headers["X-Team"], headers["X-More"]) == ("data", "2024-03-09")
    assert headers["Authorization"] == f"Basic {base64.b64encode(b'me:word').decode()}"
    assert "timeout" not in {name.lower() for name in headers}


@pytest.mark.parametrize(
    ("params", "body"), [({"a": [1, 2]}, "a=1&a=2"), ('{"a": 1}', '{"a": 1}'), (None, "")]
)
def test_another_method_has_a_body(server: Server, dag: DAG, params: Any, body: str) -> None:
    assert poked(server, dag, method="post", request_params=params)
    assert (server.asked[0][0], server.asked[0][3]) == ("POST", body)


def test_a_check_sees_the_response_and_the_context(server: Server, dag: DAG) -> None:
    seen: list[Any] = []

    def check(response: HttpResponse, ds: str) -> bool:
        seen.append(
            (response.status_code, response.text, response.content, response.headers["content-type"], ds)
        )
        return bool(response.json()["state"] == "done")

    server.script = [(200, '{"state": "dön"}'), (200, '{"state": "done"}')]
    assert poked(server, dag, response_check=lambda response: "done" in response.text) is False
    assert poked(server, dag, response_check=check) is True
    text = '{"state": "done"}'
    assert seen == [(200, text, text.encode(), "application/json; charset=latin-1", "2024-03-09")]


@pytest.mark.parametrize(
    ("status", "arguments", "outcome"),
    [
        (404, {}, False),
        (503, {}, "503:Service Unavailable"),
        (503, {"response_error_codes_allowlist": [503, "404"]}, False),
        (404, {"response_error_codes_allowlist": []}, "404:Not Found"),
        (302, {"extra_options": {"allow_redirects": False}}, True),
    ],
)
def test_a_status_is_an_answer_or_not_yet_or_a_failure(
    server: Server, dag: DAG, status: int, arguments: dict[str, Any], outcome: Any
) -> None:  # fmt: skip
    server.script = [(status, "")]
    if isinstance(outcome, bool):
        assert poked(server, dag, **arguments) is outcome
    else:
        with pytest.raises(HttpStatusError, match=outcome):
            poked(server, dag, **arguments)


def test_a_redirect_is_followed(server: Server, dag: DAG) -> None:
    server.script = [(302, ""), (200, "")]
    assert poked(server, dag) is True
    assert [path for _, path, _, _ in server.asked] == ["/state", "/elsewhere"]


def test_a_redirect_to_another_host_gets_no_password() -> None:
    asked = Request("https://a.org/x", headers={"Authorization": "Basic eA==", "X-Team": "data"})
    arguments: tuple[Any, ...] = (asked, io.BytesIO(), 302, "Found", Message())
    for address, is_told in (
        ("https://a.org/y", True),
        ("https://b.org/y", False),
        ("http://a.org/y", False),
    ):
        found = Redirects().redirect_request(*arguments, address)
        assert found is not None
        assert found.has_header("Authorization") is is_told
        assert found.has_header("X-team")


def test_a_deferrable_sensor_leaves_the_wait_to_a_trigger(server: Server, dag: DAG) -> None:
    server.script = [(404, ""), (404, ""), (200, "")]
    sensor = HttpSensor(task_id="s", endpoint="state", deferrable=True, poke_interval=0.01, dag=dag)
    with running(sensor, bridge=server.bridge) as (context, _):
        with pytest.raises(TaskDeferred) as deferred:
            sensor.execute(context)
        _, arguments = deferred.value.trigger.serialize()
        assert "word" not in str(arguments), "the trigger looks its connection up itself"
        sensor.execute_complete(context, event=200)

    async def first() -> Any:
        async for event in HttpTrigger(**arguments).run():
            return event.payload
        raise AssertionError("the trigger ended without an event")

    with use_bridge(server.bridge):
        assert asyncio.run(asyncio.wait_for(first(), 20)) == 200
    assert len(server.asked) == 3


def test_a_check_is_asked_in_the_worker_even_when_deferrable(server: Server, dag: DAG) -> None:
    sensor = HttpSensor(
        task_id="s", endpoint="x", deferrable=True, response_check=lambda response: response.ok, dag=dag
    )
    with running(sensor, bridge=server.bridge) as (context, _):
        assert sensor.execute(context) is None


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "https://a.org/base/"}, "https://a.org/base/x"),
        ({"host": "a.org", "schema": "https", "port": 8443}, "https://a.org:8443/x"),
        ({"host": "http://a.org:81", "port": 80}, "http://a.org:81/x"),
        ({"host": "a.org"}, "http://a.org/x"),
    ],
)
def test_the_address_is_that_of_the_connection(fields: dict[str, Any], url: str) -> None:
    assert url_of(Connection(conn_id="c", conn_type="http", **fields), "/x") == url


@pytest.mark.parametrize("host", ["", "file:///etc/passwd", "ftp://a.org"])
def test_an_address_that_is_not_of_http_is_refused(host: str) -> None:
    with pytest.raises(AirflowException, match="connection `c` has no address"):
        url_of(Connection(conn_id="c", conn_type="http", host=host), "x")
