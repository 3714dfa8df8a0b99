"""`/metrics`: what all components measured, as Prometheus reads it. Off unless `[metrics] prometheus_on`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Reply, operation
from windward.api.contract.problem import SwitchedOff
from windward.errors import UserError
from windward.model.access import Resource, Verb
from windward.ports.hosts import MetricsRecord
from windward.telemetry.names import Kind, Metric
from windward.telemetry.registry import BOUNDS_S, Series, read_snapshot

SHOWN_FOR = timedelta(seconds=60)
"""A component that has given no snapshot for so long is not shown any more."""
PREFIX = "airflow_"
OWN_PREFIX = "windward"
OWN_LABELS = ("component", "host")
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def get_metrics(call: Call[Nothing, Nothing]) -> Reply:
    """Show what the components measured."""
    services = call.services
    if not services.settings.metrics.prometheus_on:
        raise SwitchedOff(
            "there are no metrics here: `[metrics] prometheus_on` is off",
            hint="Set it to `true` where the server runs, and start the server anew.",
        )
    since = services.now() - SHOWN_FOR
    return Reply(body=exposed(services.store.hosts.load_metrics(since=since)), media_type=MEDIA_TYPE)


def exposed(records: list[MetricsRecord]) -> bytes:
    """Return snapshots in the text format of Prometheus.

    Raises:
        UserError: when the library is missing.
    """
    try:
        from prometheus_client import CollectorRegistry, generate_latest
    except ImportError as error:
        raise UserError(
            "`[metrics] prometheus_on` needs a library that is not installed",
            hint="Install `windward[prometheus]` where the API server runs.",
        ) from error
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(records))
    return generate_latest(registry)


class _Collector:
    """What the library asks for families of metrics."""

    def __init__(self, records: list[MetricsRecord]) -> None:
        self._records = records

    def collect(self) -> list[Any]:
        """Return one family for each metric."""
        found: dict[Metric, list[tuple[tuple[str, str], Series]]] = {}
        for record in self._records:
            try:
                series_of = read_snapshot(record.snapshot)
            except msgspec.MsgspecError:  # of a release that writes them in another way
                continue
            for metric, series in series_of.items():
                found.setdefault(metric, []).extend(((record.kind, record.name), one) for one in series)
        return [_family(metric, series) for metric, series in found.items()]


def _family(metric: Metric, series: list[tuple[tuple[str, str], Series]]) -> Any:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    name = name_of(metric)
    labels = (*OWN_LABELS, *metric.labels)
    if metric.kind is Kind.TIMER:
        histogram = HistogramMetricFamily(name, metric.about, labels=labels)
        for place, one in series:
            histogram.add_metric((*place, *one.labels), buckets=_buckets(one), sum_value=one.value)
        return histogram
    is_counter = metric.kind is Kind.COUNTER
    family = (CounterMetricFamily if is_counter else GaugeMetricFamily)(name, metric.about, labels=labels)
    for place, one in series:
        family.add_metric((*place, *one.labels), one.value)
    return family


def name_of(metric: Metric) -> str:
    """Return what Prometheus calls a metric: `airflow_` and the name, with the unit of durations."""
    name = metric.name.replace(".", "_").replace("-", "_")
    name = name if name.startswith(OWN_PREFIX) else f"{PREFIX}{name}"
    return f"{name}_seconds" if metric.kind is Kind.TIMER else name


def _buckets(series: Series) -> list[tuple[str, float]]:
    total, found = 0, []
    for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), series.counts or (), strict=True):
        total += count
        found.append((bound, float(total)))
    return found


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/metrics",
        name="get_metrics",
        tag="Monitor",
        summary="Show what all components measured, for Prometheus.",
        access=Needs(verb=Verb.READ, resource=Resource.JOB),
        reply=str,
        handler=get_metrics,
        media_types=["text/plain"],
        errors=[400],
    ),
)
