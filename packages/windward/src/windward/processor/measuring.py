"""What the processor measures; nothing, where nobody wants metrics."""

from __future__ import annotations

from collections.abc import Collection

from windward.model.files import FileRecord
from windward.ports.metrics import Metrics
from windward.telemetry import names


class Measuring:
    """Tells metrics of one processor."""

    def __init__(self, metrics: Metrics | None) -> None:
        self._metrics = metrics

    def parsed(self, fileloc: str, *, seconds: float) -> None:
        """Tell that a file was read."""
        if self._metrics is not None:
            self._metrics.time(names.FILE_DURATION, seconds, fileloc)

    def beat(self, known: Collection[FileRecord]) -> None:
        """Tell what is known, with a sign of life."""
        if self._metrics is not None:
            self._metrics.count(names.PROCESSOR_HEARTBEAT)
            self._metrics.gauge(names.DAGBAG_SIZE, len(known))
            self._metrics.gauge(names.IMPORT_ERRORS, sum(bool(record.error) for record in known))
            self._metrics.flush()
