"""OpenTelemetry: snapshots of a registry, sent by OTLP over HTTP from a thread of their own.

A component hands a snapshot over and goes on. One waits at most, and a newer one takes its place, for it says all
that the older did. What may not live here: what is measured, and how often.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from windward.errors import UserError
from windward.telemetry.names import Kind, Metric
from windward.telemetry.registry import BOUNDS_S, Series, read_snapshot

if TYPE_CHECKING:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics.export import Metric as OtelMetric
    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.resources import Resource

CLOSE_S_MAX = 2.0
"""How long the end of a component waits for its last figures to be sent."""
ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Standard environment variables of where to send; the library reads them, and all others of their kind."""
PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"
INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
_LIBRARY_LOG = "opentelemetry.exporter.otlp.proto.http.metric_exporter"
_BOUNDS_MS = tuple(bound * 1_000 for bound in BOUNDS_S)

log = logging.getLogger("windward.metrics")


def interval_s(environ: Mapping[str, str], milliseconds: int) -> float:
    """Return the seconds between two exports: those of the standard variable, else of the setting.

    Raises:
        UserError: when the variable is no number of milliseconds.
    """
    text = environ.get(INTERVAL, "").strip() or str(milliseconds)
    if not text.isdecimal() or int(text) == 0:
        raise UserError(
            f"`{INTERVAL}` is `{text}`", hint="Write whole milliseconds, such as `60000` for a minute."
        )
    return int(text) / 1_000


def endpoint_of(environ: Mapping[str, str], *, host: str, port: int, is_ssl: bool) -> str | None:
    """Return where metrics are sent by the settings; None when a standard variable says where.

    Raises:
        UserError: when the environment asks for another protocol than the one that is spoken.
    """
    for name in PROTOCOLS:
        if environ.get(name, PROTOCOL).strip() not in {"", PROTOCOL}:
            raise UserError(
                f"`{name}` asks for `{environ[name]}`, which is not offered",
                hint=f"Set it to `{PROTOCOL}`, and let the endpoint be the receiver's port for that.",
            )
    if any(environ.get(name, "").strip() for name in ENDPOINTS):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if is_ssl else 'http'}://{shown}:{port}/v1/metrics"


class Otlp:
    """Sends snapshots of one process to one receiver."""

    def __init__(
        self,
        endpoint: str | None,
        *,
        prefix: str,
        attributes: Mapping[str, str],
        every_s: float,
        close_s_max: float = CLOSE_S_MAX,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Load the library and start the thread; `attributes` name the process.

        Raises:
            UserError: when the library is missing.
        """
        self.every_s = every_s
        self._prefix = f"{prefix}." if prefix else ""
        self._close_s_max = close_s_max
        self._now_ns = now_ns
        self._began_ns = now_ns()
        self._exporter = _opened(endpoint)
        self._resource = _resource(attributes)
        self._where = _shown(endpoint)
        self._said = _Said()
        self._has_failed = False
        self._changed = threading.Condition()
        self._waiting: tuple[bytes, int] | None = None
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="windward-otlp", daemon=True)
        self._thread.start()

    def put(self, snapshot: bytes) -> None:
        """Take over what is to be sent next. Never waits."""
        with self._changed:
            self._waiting = (snapshot, self._now_ns())
            self._changed.notify()

    def close(self) -> None:
        """Send what waits and end, within a time limit."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join(self._close_s_max)
        if self._thread.is_alive():
            log.warning("last metrics not sent in time", extra={"endpoint": self._where})
        self._exporter.shutdown()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._waiting is None:
                    if self._is_ending:
                        return
                    self._changed.wait()
                (snapshot, at_ns), self._waiting = self._waiting, None
            self._report(self._error_of(snapshot, at_ns))

    def _error_of(self, snapshot: bytes, at_ns: int) -> str | None:
        """Send; return what went wrong."""
        from opentelemetry.sdk.metrics.export import MetricExportResult

        self._said.text = ""
        try:
            data = metrics_data(
                snapshot, self._resource, prefix=self._prefix, began_ns=self._began_ns, at_ns=at_ns
            )
            if self._exporter.export(data) is MetricExportResult.SUCCESS:
                return None
        except Exception as error:  # noqa: BLE001 - a thread's edge: metrics are no reason to stop
            return f"{type(error).__name__}: {error}"
        return self._said.text or "the receiver did not take them"

    def _report(self, error: str | None) -> None:
        """Log when it goes wrong and when it is well again, and nothing in between."""
        if error is not None and not self._has_failed:
            log.warning("metrics not sent", extra={"endpoint": self._where, "error": error})
        elif error is None and self._has_failed:
            log.info("metrics are sent again", extra={"endpoint": self._where})
        self._has_failed = error is not None


class _Said(logging.Handler):
    """Keeps what the library last said of a failure: it would say the same at every attempt."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        library = logging.getLogger(_LIBRARY_LOG)
        library.handlers[:] = [self]
        library.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()


def _opened(endpoint: str | None) -> OTLPMetricExporter:
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    except ImportError as error:
        raise _missing() from error
    return OTLPMetricExporter(endpoint)


def _missing() -> UserError:
    return UserError(
        "`[metrics] otel_on` needs a library that is not installed",
        hint="Run `pip install 'windward[otel]'` wherever a component runs, or switch it off.",
    )


def check_library() -> None:
    """Look for the library without loading it.

    Raises:
        UserError: when it is missing.
    """
    try:
        found = find_spec("opentelemetry.exporter.otlp.proto.http")
    except ImportError:
        found = None
    if found is None:
        raise _missing()


def _resource(attributes: Mapping[str, str]) -> Resource:
    """Return who sends; what the standard variables say of it comes first."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    return Resource.create(dict(attributes)).merge(OTELResourceDetector().detect())


def _shown(endpoint: str | None) -> str:
    """Return an endpoint as logs may show it, without a name and password."""
    if endpoint is None:
        return "of the environment"
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def metrics_data(
    snapshot: bytes, resource: Resource, *, prefix: str, began_ns: int, at_ns: int
) -> MetricsData:
    """Return a snapshot as the library sends it: sums since `began_ns`, durations in milliseconds."""
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    metrics = [
        _metric(metric, series, prefix=prefix, began_ns=began_ns, at_ns=at_ns)
        for metric, series in read_snapshot(snapshot).items()
        if series
    ]
    scope = ScopeMetrics(scope=InstrumentationScope("windward"), metrics=metrics, schema_url="")
    return MetricsData([ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")])


def _metric(metric: Metric, series: list[Series], *, prefix: str, began_ns: int, at_ns: int) -> OtelMetric:
    from opentelemetry.sdk.metrics.export import (
        AggregationTemporality,
        Gauge,
        Histogram,
        HistogramDataPoint,
        NumberDataPoint,
        Sum,
    )
    from opentelemetry.sdk.metrics.export import Metric as OtelMetric

    data: Gauge | Histogram | Sum
    if metric.kind is Kind.TIMER:
        data = Histogram(
            data_points=[
                HistogramDataPoint(
                    attributes=dict(zip(metric.labels, one.labels, strict=True)),
                    start_time_unix_nano=began_ns,
                    time_unix_nano=at_ns,
                    count=sum(one.counts or ()),
                    sum=one.value * 1_000,
                    bucket_counts=one.counts or (),
                    explicit_bounds=_BOUNDS_MS,
                    min=None,  # type: ignore[arg-type] # the wire leaves both out when nobody knows them
                    max=None,  # type: ignore[arg-type]
                )
                for one in series
            ],
            aggregation_temporality=AggregationTemporality.CUMULATIVE,
        )
        return OtelMetric(name=f"{prefix}{metric.name}", description=metric.about, unit="ms", data=data)
    points = [
        NumberDataPoint(
            attributes=dict(zip(metric.labels, one.labels, strict=True)),
            start_time_unix_nano=began_ns,
            time_unix_nano=at_ns,
            value=one.value,
        )
        for one in series
    ]
    if metric.kind is Kind.COUNTER:
        data = Sum(
            data_points=points, aggregation_temporality=AggregationTemporality.CUMULATIVE, is_monotonic=True
        )
    else:
        data = Gauge(data_points=points)
    return OtelMetric(name=f"{prefix}{metric.name}", description=metric.about, unit="1", data=data)
