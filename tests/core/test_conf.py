"""The conf of a run against the params of its DAG."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from windward.document import DagDocument, ParamDocument
from windward.document.params import check_conf
from windward.errors import InvalidParamError


def dag(schema: dict[str, Any], **fields: Any) -> DagDocument:
    param = ParamDocument(**{"default": None, "has_default": False, "schema": schema, **fields})
    return DagDocument(dag_id="d", fileloc="d.py", params={"p": param})


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """Return the address of a server, and what it was asked."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_value_that_fits_stands_before_the_default() -> None:
    document = dag({"type": "integer"}, default=1, has_default=True)
    assert check_conf(document, {"p": 2, "more": "x"}) == {"p": 2}
    assert check_conf(document, {}) == {"p": 1}


def test_a_value_that_does_not_fit_or_is_missing_is_refused() -> None:
    for conf in ({"p": "x"}, {}):
        with pytest.raises(InvalidParamError):
            check_conf(dag({"type": "integer"}), conf)


def test_what_a_schema_refers_to_elsewhere_is_not_fetched(asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    with pytest.raises(InvalidParamError, match="is not valid"):
        check_conf(dag({"$ref": f"{address}/schema.json"}), {"p": 1})
    assert paths == []


def test_what_a_schema_refers_to_within_itself_is_found() -> None:
    schema = {"$ref": "#/$defs/number", "$defs": {"number": {"type": "integer"}}}
    assert check_conf(dag(schema), {"p": 1}) == {"p": 1}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nothing"},
        {"$ref": "file:///etc/hostname"},
        {"type": "nonsense"},
        {"pattern": "("},
        {"minimum": "a"},
        {"multipleOf": 0},
        {"enum": 3},
        {"if": 5},
    ],
)
def test_a_schema_that_is_not_valid_is_an_error_of_its_own(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidParamError, match="is not valid"):
        check_conf(dag(schema), {"p": 1})
