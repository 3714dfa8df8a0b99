"""The page about metrics names them all."""

from tests.tidy import tree
from windward.telemetry.names import METRICS


def test_the_page_has_a_line_for_each_metric() -> None:
    lines = tree.texts()["docs/metrics.md"].splitlines()
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
        assert f"| `{metric.name}` | {metric.kind} | {labels} | {metric.about} |" in lines
