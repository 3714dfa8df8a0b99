"""Metrics of real processes reach StatsD and `/metrics`."""

import base64
import socket
import urllib.request
from collections.abc import Callable

from tests.app.conftest import Pipe, Standalone


def test_what_ran_is_told_to_statsd_and_shown_to_prometheus(
    start: Callable[..., Standalone], write_task: Callable[[str], None], pipe: Pipe
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(30)
        write_task("def work():\n    tell('ran')")
        standalone = start(
            variables={
                "WINDWARD__METRICS__PROMETHEUS_ON": "true",
                "AIRFLOW__METRICS__STATSD_ON": "True",
                "AIRFLOW__METRICS__STATSD_PORT": str(statsd.getsockname()[1]),
            }
        )
        password = standalone.wait_for("sign in").split("password ")[1].split()[0]
        standalone.ready()
        assert pipe.read().startswith("ran")
        wanted = {"airflow.ti.start.", "airflow.ti.finish.", "airflow.dagrun.duration.success."}
        wanted |= {"airflow.dag_processing.last_duration.", "airflow.executor.open_slots:"}
        while wanted:
            lines = statsd.recv(65_536).decode().split("\n")
            wanted -= {name for name in wanted if any(line.startswith(name) for line in lines)}

    request = urllib.request.Request(f"{standalone.address}/metrics")
    secret = base64.b64encode(f"admin:{password}".encode()).decode()
    request.add_header("authorization", f"Basic {secret}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
    assert 'airflow_scheduler_scheduler_loop_duration_seconds_count{component="scheduler"' in text
