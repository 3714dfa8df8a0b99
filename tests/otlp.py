"""A receiver of OTLP over HTTP on loopback, which keeps what it was sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

DEADLINE_S = 60.0


@dataclass
class Receiver:
    """What a receiver does, and what it has got."""

    requests: "Queue[ExportMetricsServiceRequest]" = field(default_factory=Queue)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Those of each request, their names in lower case."""
    status: int = 200
    opened: threading.Event = field(default_factory=threading.Event)
    """Requests are answered while it is set."""
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        return f"{self.address}/v1/metrics"

    def request(self) -> ExportMetricsServiceRequest:
        """Return the next request."""
        return self.requests.get(timeout=DEADLINE_S)

    def next(self) -> dict[str, Metric]:
        """Return the metrics of the next request by their name."""
        return metrics_of(self.request())


def metrics_of(request: ExportMetricsServiceRequest) -> dict[str, Metric]:
    [resource] = request.resource_metrics
    [scope] = resource.scope_metrics
    return {metric.name: metric for metric in scope.metrics}


def attributes_of(request: ExportMetricsServiceRequest) -> dict[str, str]:
    return {one.key: one.value.string_value for one in request.resource_metrics[0].resource.attributes}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Give a receiver that serves until the end of the block."""
    found = Receiver()
    found.opened.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/metrics"
            assert self.headers["content-type"] == "application/x-protobuf"
            body = self.rfile.read(int(self.headers["content-length"]))
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            found.requests.put(ExportMetricsServiceRequest.FromString(body))
            found.opened.wait(DEADLINE_S)
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield found
        finally:
            found.opened.set()
            server.shutdown()
            thread.join()
