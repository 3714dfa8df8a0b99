"""Where the metrics of this process go, by the settings: to a snapshot in the database, to StatsD, or nowhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from windward.app.process import component_name
from windward.errors import UnavailableError
from windward.ports.clock import Clock
from windward.ports.hosts import HostStore
from windward.ports.metrics import Metrics
from windward.settings import MetricsSettings
from windward.telemetry.registry import Registry, Several
from windward.telemetry.statsd import Statsd, Tags

WRITTEN_EVERY_S = 10.0
log = logging.getLogger("windward.metrics")


class StoredRegistry(Registry):
    """Adds up, and writes its snapshot for API servers to show, which may be on other machines."""

    def __init__(self, put: Callable[[bytes, datetime], None], clock: Clock) -> None:
        super().__init__()
        self._put = put
        self._clock = clock
        self._due_s = 0.0

    def flush(self) -> None:
        """Write the snapshot, if it is time."""
        if self._clock.monotonic() < self._due_s:
            return
        self._due_s = self._clock.monotonic() + WRITTEN_EVERY_S
        try:
            self._put(self.snapshot(), self._clock.now())
        except UnavailableError as error:
            log.warning("metrics not written", extra={"error": str(error)})


def open_metrics(settings: MetricsSettings, hosts: HostStore, clock: Clock, *, kind: str) -> Metrics | None:
    """Return where a component of this kind tells its metrics; None when nobody wants them."""
    found: list[Metrics] = []
    if settings.prometheus_on:
        name = component_name()
        found.append(
            StoredRegistry(
                lambda snapshot, now: hosts.put_metrics(kind, name, snapshot, now=now),
                clock,
            )
        )
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


def _tags(settings: MetricsSettings) -> Tags:
    if settings.statsd_datadog_enabled:
        return Tags.DATADOG
    return Tags.INFLUXDB if settings.statsd_influxdb_enabled else Tags.NONE
