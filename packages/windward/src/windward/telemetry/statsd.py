"""StatsD: lines of text by UDP. Nobody waits for an answer, and what does not get through is lost."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from enum import StrEnum

from windward.telemetry.names import Kind, Metric, Teller

PACKET_BYTES_MAX = 1_400
"""Fits into one frame of an Ethernet."""
LINES_FULL = 20
"""So many lines nearly fill a packet."""
SENT_EVERY_S = 0.5
"""Least time between two packets that are not full; servers add up for longer than that."""
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

    def __init__(
        self,
        host: str,
        port: int,
        *,
        prefix: str,
        tags: Tags = Tags.NONE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """The host's name is looked up once, at the first packet."""
        self._monotonic = monotonic
        self._due_s = 0.0
        self._address = (host, port)
        self._prefix = f"{prefix}." if prefix else ""
        self._tags = tags
        self._lines: list[bytes] = []
        self._socket: socket.socket | None = None

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        self._lines.append(self.line(metric, by, labels))

    def gauge(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._lines.append(self.line(metric, value, labels))

    def time(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Tell of one duration."""
        self._lines.append(self.line(metric, seconds * 1_000, labels))

    def teller(self, metric: Metric, *labels: str) -> Teller:
        """Return what takes values of this one series; all of a line but the number is written once."""
        head, tail = self._around(metric, labels)
        append = self._lines.append
        if metric.kind is Kind.COUNTER:
            one = b"%b1%b" % (head, tail)
            return lambda by: append(one if by == 1.0 else _line(head, by, tail))
        scale = 1_000 if metric.kind is Kind.TIMER else 1
        return lambda value: append(_line(head, value * scale, tail))

    def flush(self) -> None:
        """Send what was gathered, if it is much or has waited: a packet for every line would cost the most."""
        if len(self._lines) >= LINES_FULL or (self._lines and self._monotonic() >= self._due_s):
            self._send()

    def close(self) -> None:
        """Send what was gathered, and give back the socket."""
        self._send()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self) -> None:
        self._due_s = self._monotonic() + SENT_EVERY_S
        packets = list(_packed(self._lines))
        self._lines.clear()
        with contextlib.suppress(OSError):  # the name is unknown, or there is no network
            if self._socket is None:
                found = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
                made = socket.socket(found[0], found[1], found[2])
                made.setblocking(False)
                made.connect(found[4])
                self._socket = made
            for packet in packets:
                with contextlib.suppress(OSError):  # nobody listens, or the network is busy
                    self._socket.send(packet)

    def line(self, metric: Metric, value: float, labels: tuple[str, ...]) -> bytes:
        """Return the line of one value."""
        head, tail = self._around(metric, labels)
        return _line(head, value, tail)

    def _around(self, metric: Metric, labels: tuple[str, ...]) -> tuple[bytes, bytes]:
        """Return what stands before the number in a line, and what behind it."""
        head, tail = self._words(metric, labels)
        return head.encode(), tail.encode()

    def _words(self, metric: Metric, labels: tuple[str, ...]) -> tuple[str, str]:
        sign = _SIGNS[metric.kind]
        if self._tags is Tags.NONE:
            values = {name: _UNFIT.sub("_", text) for name, text in zip(metric.labels, labels, strict=True)}
            return f"{self._prefix}{(metric.path or metric.name).format(**values)}:", f"|{sign}"
        pairs = [
            (name, _UNFIT_LABEL.sub("_", text)) for name, text in zip(metric.labels, labels, strict=True)
        ]
        if self._tags is Tags.INFLUXDB:
            tags = "".join(f",{name}={text}" for name, text in pairs)
            return f"{self._prefix}{metric.name}{tags}:", f"|{sign}"
        tags = ",".join(f"{name}:{text}" for name, text in pairs)
        return f"{self._prefix}{metric.name}:", f"|{sign}|#{tags}" if tags else f"|{sign}"


def _packed(lines: list[bytes]) -> Iterator[bytes]:
    """Yield packets: of a fixed number of lines, which mostly fit, or of as many as do."""
    for start in range(0, len(lines), LINES_FULL):
        some = lines[start : start + LINES_FULL]
        whole = b"\n".join(some)
        if len(whole) <= PACKET_BYTES_MAX:
            yield whole
        else:
            yield from _split(some)


def _split(lines: list[bytes]) -> Iterator[bytes]:
    packet, size = list[bytes](), 0
    for line in lines:
        if packet and size + len(line) > PACKET_BYTES_MAX:
            yield b"\n".join(packet)
            packet, size = [], 0
        packet.append(line)
        size += len(line) + 1
    yield b"\n".join(packet)


def _line(head: bytes, value: float, tail: bytes) -> bytes:
    number = float(value)
    return b"%b%d%b" % (head, number, tail) if number.is_integer() else b"%b%.3f%b" % (head, number, tail)
