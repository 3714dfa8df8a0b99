"""The page about metrics names them all."""

import re
from pathlib import Path

from tests.tidy import tree
from windward.settings import load
from windward.telemetry.names import METRICS


def test_the_page_has_a_line_for_each_metric() -> None:
    lines = tree.texts()["docs/metrics.md"].splitlines()
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
        assert f"| `{metric.name}` | {metric.kind} | {labels} | {metric.about} |" in lines


def test_the_settings_that_the_page_shows_are_settings(tmp_path: Path) -> None:
    shown = re.findall(r"^```toml\n(.*?)^```$", tree.texts()["docs/metrics.md"], re.MULTILINE | re.DOTALL)
    switched_on = set()
    for text in shown:
        (tmp_path / "windward.toml").write_text(text, encoding="utf-8")
        metrics = load({}, home=tmp_path).metrics
        switched_on |= {name for name in ("prometheus_on", "statsd_on", "otel_on") if getattr(metrics, name)}
    assert switched_on == {"prometheus_on", "statsd_on", "otel_on"}
