"""StatsD: lines of text by UDP. Nobody waits for an answer, and what does not get through is lost."""

from __future__ import annotations

import contextlib
import re
import socket
from enum import StrEnum

from windward.telemetry.names import Kind, Metric

PACKET_BYTES_MAX = 1_400
"""Fits into one frame of an Ethernet."""
_UNFIT = re.compile(r"[^A-Za-z0-9_.~-]")
_UNFIT_LABEL = re.compile(r"[:|@#,=\s]")
_SIGNS = {Kind.COUNTER: "c", Kind.GAUGE: "g", Kind.TIMER: "ms"}


class Tags(StrEnum):
    """How labels are written."""

    NONE = "none"
    """Into the name."""
    INFLUXDB = "influxdb"
    DATADOG = "datadog"


class Statsd:
    """Sends to one server. For one thread."""

    def __init__(self, host: str, port: int, *, prefix: str, tags: Tags = Tags.NONE) -> None:
        """The host's name is looked up once, at the first packet."""
        self._address = (host, port)
        self._prefix = f"{prefix}." if prefix else ""
        self._tags = tags
        self._lines: list[bytes] = []
        self._size = 0
        self._socket: socket.socket | None = None

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        self._add(metric, by, labels)

    def gauge(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._add(metric, value, labels)

    def time(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Tell of one duration."""
        self._add(metric, seconds * 1_000, labels)

    def flush(self) -> None:
        """Send what was gathered."""
        if not self._lines:
            return
        packet, self._lines, self._size = b"\n".join(self._lines), [], 0
        with contextlib.suppress(
            OSError
        ):  # nobody listens, or the network is busy: metrics are no reason to stop
            if self._socket is None:
                found = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
                made = socket.socket(found[0], found[1], found[2])
                made.setblocking(False)
                made.connect(found[4])
                self._socket = made
            self._socket.send(packet)

    def close(self) -> None:
        """Send what was gathered, and give back the socket."""
        self.flush()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _add(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        line = self.line(metric, value, labels).encode()
        if self._size + len(line) > PACKET_BYTES_MAX:
            self.flush()
        self._lines.append(line)
        self._size += len(line) + 1

    def line(self, metric: Metric, value: float, labels: tuple[str, ...]) -> str:
        """Return the line of one value."""
        number, sign = f"{value:.6f}".rstrip("0").rstrip("."), _SIGNS[metric.kind]
        if self._tags is Tags.NONE:
            values = {name: _UNFIT.sub("_", text) for name, text in zip(metric.labels, labels, strict=True)}
            return f"{self._prefix}{(metric.path or metric.name).format(**values)}:{number}|{sign}"
        pairs = [
            (name, _UNFIT_LABEL.sub("_", text)) for name, text in zip(metric.labels, labels, strict=True)
        ]
        if self._tags is Tags.INFLUXDB:
            tags = "".join(f",{name}={text}" for name, text in pairs)
            return f"{self._prefix}{metric.name}{tags}:{number}|{sign}"
        tags = ",".join(f"{name}:{text}" for name, text in pairs)
        return f"{self._prefix}{metric.name}:{number}|{sign}" + (f"|#{tags}" if tags else "")
