"""Where the metrics of this process go, by the settings: the database, an OTLP receiver, StatsD, or nowhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import windward
from windward.app.process import component_name
from windward.errors import UnavailableError
from windward.ports.clock import Clock
from windward.ports.hosts import HostStore
from windward.ports.metrics import Metrics
from windward.settings import MetricsSettings
from windward.telemetry.otlp import Otlp, check_library, endpoint_of, interval_s
from windward.telemetry.registry import Registry, Several
from windward.telemetry.statsd import Statsd, Tags

WRITTEN_EVERY_S = 10.0
log = logging.getLogger("windward.metrics")


class Outlet(Protocol):
    """Takes snapshots of a registry, each of which says all that those before it said."""

    every_s: float
    """Seconds between two snapshots."""

    def put(self, snapshot: bytes) -> None:
        """Take one."""

    def close(self) -> None:
        """Take no more; the last one may be sent yet."""


class Stored:
    """Writes snapshots for API servers to show, which may be on other machines."""

    every_s = WRITTEN_EVERY_S

    def __init__(self, hosts: HostStore, clock: Clock, *, kind: str, name: str) -> None:
        self._hosts = hosts
        self._clock = clock
        self._kind = kind
        self._name = name

    def put(self, snapshot: bytes) -> None:
        """Write one; a database that does not answer gets the next."""
        try:
            self._hosts.put_metrics(self._kind, self._name, snapshot, now=self._clock.now())
        except UnavailableError as error:
            log.warning("metrics not written", extra={"error": str(error)})

    def close(self) -> None:
        """Do nothing: the database is somebody else's to close."""


class EmptiedRegistry(Registry):
    """Adds up, and gives its snapshots to outlets whenever each is due."""

    def __init__(self, outlets: Sequence[Outlet], clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._due_s = dict.fromkeys(outlets, 0.0)
        self._next_s = 0.0

    def flush(self) -> None:
        """Give a snapshot to each outlet for which it is time."""
        now_s = self._clock.monotonic()
        if now_s < self._next_s:
            return
        due = [outlet for outlet, due_s in self._due_s.items() if due_s <= now_s]
        snapshot = self.snapshot()
        for outlet in due:
            self._due_s[outlet] = now_s + outlet.every_s
            outlet.put(snapshot)
        self._next_s = min(self._due_s.values())

    def close(self) -> None:
        """Give the last snapshot to all."""
        snapshot = self.snapshot()
        for outlet in self._due_s:
            outlet.put(snapshot)
            outlet.close()


def open_metrics(
    settings: MetricsSettings,
    hosts: HostStore,
    clock: Clock,
    *,
    kind: str,
    name: str = "",
    environ: Mapping[str, str] = os.environ,
) -> Metrics | None:
    """Return where a component of this kind tells its metrics; None when nobody wants them.

    `name` tells it from others of its kind; the machine's does where each machine has one.

    Raises:
        UserError: when a library is missing, or the environment asks for what is not offered.
    """
    outlets: list[Outlet] = []
    name = name or component_name()
    if settings.prometheus_on:
        outlets.append(Stored(hosts, clock, kind=kind, name=name))
    if settings.otel_on:
        outlets.append(_otlp(settings, environ, kind=kind, name=name))
    found: list[Metrics] = [EmptiedRegistry(outlets, clock)] if outlets else []
    if settings.statsd_on:
        found.append(
            Statsd(
                settings.statsd_host,
                settings.statsd_port,
                prefix=settings.statsd_prefix,
                tags=_tags(settings),
            )
        )
    return None if not found else found[0] if len(found) == 1 else Several(*found)


def check_metrics(settings: MetricsSettings, environ: Mapping[str, str] = os.environ) -> None:
    """Look whether components can tell their metrics as the settings want it, and load nothing for that.

    Raises:
        UserError: when a library is missing, or the environment asks for what is not offered.
    """
    if settings.otel_on:
        check_library()
        interval_s(environ, settings.otel_interval_milliseconds)
        _endpoint(settings, environ)


def _endpoint(settings: MetricsSettings, environ: Mapping[str, str]) -> str | None:
    return endpoint_of(
        environ, host=settings.otel_host, port=settings.otel_port, is_ssl=settings.otel_ssl_active
    )


def _otlp(settings: MetricsSettings, environ: Mapping[str, str], *, kind: str, name: str) -> Otlp:
    return Otlp(
        _endpoint(settings, environ),
        prefix=settings.otel_prefix,
        attributes={
            "service.name": settings.otel_service,
            "service.version": windward.__version__,
            "service.instance.id": f"{kind}@{name}",
            "host.name": component_name(),
            "windward.component": kind,
        },
        every_s=interval_s(environ, settings.otel_interval_milliseconds),
    )


def _tags(settings: MetricsSettings) -> Tags:
    if settings.statsd_datadog_enabled:
        return Tags.DATADOG
    return Tags.INFLUXDB if settings.statsd_influxdb_enabled else Tags.NONE
