"""Metrics of real processes reach StatsD, `/metrics` and OTLP receivers."""

import base64
import json
import os
import select
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.app.conftest import DEADLINE_S, WINDWARD, Pipe, Standalone
from tests.otlp import attributes_of, metrics_of, receiving


def test_what_ran_is_told_to_statsd_and_shown_to_prometheus(
    start: Callable[..., Standalone], write_task: Callable[[str], None], pipe: Pipe
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(DEADLINE_S)
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
    wait_for_text(request, 'airflow_scheduler_scheduler_loop_duration_seconds_count{component="scheduler"')


def wait_for_text(request: urllib.request.Request, wanted: str) -> None:
    """Ask until the answer has it: components write down their figures now and then."""
    end = time.monotonic() + DEADLINE_S
    while True:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            text = answer.read().decode()
        if wanted in text:
            return
        assert time.monotonic() < end, text
        select.select([], [], [], 0.1)


def test_each_component_sends_its_last_figures_by_otlp_when_it_ends(
    start: Callable[..., Standalone], write_task: Callable[[str], None], pipe: Pipe
) -> None:
    with receiving() as receiver:
        write_task("def work():\n    tell('ran')")
        standalone = start(
            variables={
                "AIRFLOW__METRICS__OTEL_ON": "True",
                "AIRFLOW__METRICS__OTEL_PORT": "9",
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address,
                "OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret",
                "OTEL_METRIC_EXPORT_INTERVAL": "3600000",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
                "OTEL_SERVICE_NAME": "orders",
            }
        ).ready()
        assert pipe.read().startswith("ran")
        standalone.get("/api/v2/version")
        standalone.stop()
        found = dict[str, set[str]]()
        while not receiver.requests.empty():
            request = receiver.request()
            attributes = attributes_of(request)
            assert attributes["service.name"] == "orders"
            assert attributes["deployment.environment"] == "test"
            found.setdefault(attributes["windward.component"], set()).update(metrics_of(request))
        assert all(headers["x-key"] == "secret" for headers in receiver.headers)
    assert {"airflow.ti.start", "airflow.executor.open_slots"} <= found["scheduler"]
    assert {"airflow.dag_processing.last_duration", "airflow.dagbag_size"} <= found["processor"]
    assert {"airflow.windward.api.requests", "airflow.windward.api.request_duration"} <= found["api-server"]
    assert "metrics not sent" not in "".join(standalone.said)


def test_two_api_servers_of_a_machine_are_told_apart(start: Callable[..., Standalone], home: Path) -> None:
    variables = {"WINDWARD__METRICS__PROMETHEUS_ON": "true"}
    standalone = start(variables=variables)
    password = standalone.wait_for("sign in").split("password ")[1].split()[0]
    standalone.ready()
    request = urllib.request.Request(f"{standalone.address}/api/windward/v1/components")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"admin:{password}".encode()).decode())

    def pids() -> set[int]:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            shown = json.load(answer)["components"]
        return {one["pid"] for one in shown if one["kind"] == "api-server"}

    command = [str(WINDWARD), "api-server", "--port", "0"]
    with subprocess.Popen(command, env={**os.environ, "WINDWARD_HOME": str(home), **variables}) as second:
        try:
            end = time.monotonic() + DEADLINE_S
            while second.pid not in (found := pids()) and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            second.terminate()
    assert found == {second.pid, standalone.component("api-server")}
