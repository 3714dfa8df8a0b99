"""Where values of metrics go. Whoever measures asks for nothing back, and is never kept waiting."""

from __future__ import annotations

from typing import Protocol

from windward.telemetry.names import Metric, Teller


class Metrics(Protocol):
    """Takes values. Labels are given in the order of the metric's own."""

    def count(self, metric: Metric, *labels: str, by: float = 1.0) -> None:
        """Add to a counter."""

    def gauge(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""

    def time(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Tell of one duration."""

    def teller(self, metric: Metric, *labels: str) -> Teller:
        """Return what takes values of this one series: for who has many, as it costs less for each."""

    def flush(self) -> None:
        """Let go what was gathered. Called now and then by whoever measures."""

    def close(self) -> None:
        """Let go what was gathered, for the last time: the component ends. Takes a few seconds at most."""
