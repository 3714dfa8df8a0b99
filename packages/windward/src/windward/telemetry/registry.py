"""Values added up in this process, and their snapshot: small enough to be written down every few seconds."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import msgspec

from windward.telemetry.names import METRICS, SERIES_DROPPED, Kind, Metric, Teller

SERIES_MAX = 5_000
"""Combinations of labels that are kept, over all metrics; further ones are counted as dropped."""
BOUNDS_S = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0)
"""Durations are counted by the first of these that they do not exceed."""
LABEL_MAX = 250


class Series(msgspec.Struct, array_like=True):
    """One combination of a metric's labels."""

    labels: tuple[str, ...]
    value: float = 0.0
    """Of a timer, the sum in seconds."""
    counts: list[int] | None = None
    """Of a timer, how many durations fell below each bound, and above the last."""

    def add(self, by: float) -> None:
        """Add to a counter."""
        self.value += by

    def put(self, value: float) -> None:
        """Set a gauge."""
        self.value = value

    def time(self, seconds: float) -> None:
        """Tell of one duration."""
        if self.counts is None:
            self.counts = [0] * (len(BOUNDS_S) + 1)
        self.value += seconds
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1


class Snapshot(msgspec.Struct, frozen=True):
    """All series, by metric."""

    series: dict[str, list[Series]]


class Registry:
    """Adds up. For one thread."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, tuple[str, ...]], Series] = {}

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        found = self._find(metric, labels)
        if found is None:
            self._drop(by)
        else:
            found.add(by)

    def gauge(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        found = self._find(metric, labels)
        if found is None:
            self._drop(value)
        else:
            found.put(value)

    def time(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Tell of one duration."""
        found = self._find(metric, labels)
        if found is None:
            self._drop(seconds)
        else:
            found.time(seconds)

    def teller(self, metric: Metric, *labels: str) -> Teller:
        """Return what takes values of this one series."""
        found = self._find(metric, labels)
        if found is None:
            return self._drop
        match metric.kind:
            case Kind.COUNTER:
                return found.add
            case Kind.GAUGE:
                return found.put
            case Kind.TIMER:
                return found.time

    def flush(self) -> None:
        """Do nothing: `snapshot` is asked for."""

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def snapshot(self) -> bytes:
        """Return all series as bytes that `read_snapshot` understands."""
        series: dict[str, list[Series]] = {}
        for (name, _), one in self._series.items():
            series.setdefault(name, []).append(one)
        return msgspec.json.encode(Snapshot(series))

    def _drop(self, _value: float) -> None:
        """Count a value that is not kept."""
        self.count(SERIES_DROPPED)

    def _find(self, metric: Metric, labels: tuple[str, ...]) -> Series | None:
        key = (metric.name, labels)
        found = self._series.get(key)
        if found is None:
            assert len(labels) == len(metric.labels), f"{metric.name} has the labels {metric.labels}"
            if len(self._series) >= SERIES_MAX and metric is not SERIES_DROPPED:
                return None
            found = self._series[key] = Series(tuple(label[:LABEL_MAX] for label in labels))
        return found


_KNOWN = {metric.name: metric for metric in METRICS}


def read_snapshot(raw: bytes | str) -> dict[Metric, list[Series]]:
    """Return the series of a snapshot; what another release measures and this one does not know is left out."""
    snapshot = msgspec.json.decode(raw, type=Snapshot)
    return {
        metric: [one for one in series if _fits(metric, one)]
        for name, series in snapshot.series.items()
        if (metric := _KNOWN.get(name)) is not None
    }


def _fits(metric: Metric, series: Series) -> bool:
    is_timer = metric.kind is Kind.TIMER
    return len(series.labels) == len(metric.labels) and (
        series.counts is not None and len(series.counts) == len(BOUNDS_S) + 1
        if is_timer
        else series.counts is None
    )


class Several:
    """Tells several."""

    def __init__(self, *metrics: Any) -> None:
        self._metrics = metrics

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""
        for one in self._metrics:
            one.count(metric, *labels, by=by)

    def gauge(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        for one in self._metrics:
            one.gauge(metric, value, *labels)

    def time(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Tell of one duration."""
        for one in self._metrics:
            one.time(metric, seconds, *labels)

    def teller(self, metric: Metric, *labels: str) -> Teller:
        """Return what takes values of this one series."""
        tellers: list[Teller] = [one.teller(metric, *labels) for one in self._metrics]

        def tell(value: float) -> None:
            for one in tellers:
                one(value)

        return tell

    def flush(self) -> None:
        """Let go what was gathered."""
        for one in self._metrics:
            one.flush()

    def close(self) -> None:
        """Let go what was gathered, for the last time."""
        for one in self._metrics:
            one.close()
