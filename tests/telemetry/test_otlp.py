"""What an OTLP receiver is sent, and that nobody waits for one."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from queue import Queue

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from tests.otlp import Receiver, attributes_of, metrics_of, receiving
from windward.errors import UserError
from windward.telemetry import names
from windward.telemetry.otlp import Otlp, endpoint_of, interval_s
from windward.telemetry.registry import BOUNDS_S, Registry

MINUTE_S = 60.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def opened(receiver: Receiver, *, prefix: str = "airflow", close_s_max: float = 30.0) -> Otlp:
    return Otlp(
        receiver.endpoint,
        prefix=prefix,
        attributes={"service.name": "Airflow", "windward.component": "scheduler"},
        every_s=MINUTE_S,
        close_s_max=close_s_max,
        now_ns=iter(range(1_000, 9_999)).__next__,
    )


def snapshot(count: int = 1) -> bytes:
    registry = Registry()
    registry.count(names.TI_FINISH, "d", "t", "success", by=count)
    registry.gauge(names.DAGBAG_SIZE, 7)
    for seconds in (0.05, 2.0, 9_000.0):
        registry.time(names.RUN_SUCCESS, seconds, "d")
    return registry.snapshot()


def test_a_receiver_is_told_names_labels_and_values(receiver: Receiver) -> None:
    otlp = opened(receiver)
    otlp.put(snapshot(3))
    otlp.close()
    request = receiver.request()
    attributes = attributes_of(request)
    assert attributes["service.name"] == "Airflow"
    assert attributes["windward.component"] == "scheduler"
    found = metrics_of(request)
    assert set(found) == {"airflow.ti.finish", "airflow.dagbag_size", "airflow.dagrun.duration.success"}

    finish = found["airflow.ti.finish"]
    assert finish.description == names.TI_FINISH.about
    assert finish.sum.is_monotonic
    assert finish.sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    [point] = finish.sum.data_points
    assert {one.key: one.value.string_value for one in point.attributes} == {
        "dag_id": "d", "task_id": "t", "state": "success",
    }  # fmt: skip
    assert (point.as_double, point.start_time_unix_nano, point.time_unix_nano) == (3.0, 1_000, 1_001)

    assert [one.as_double for one in found["airflow.dagbag_size"].gauge.data_points] == [7.0]


def test_durations_are_histograms_in_milliseconds(receiver: Receiver) -> None:
    otlp = opened(receiver, prefix="")
    otlp.put(snapshot())
    otlp.close()
    metric = receiver.next()["dagrun.duration.success"]
    assert metric.unit == "ms"
    [point] = metric.histogram.data_points
    assert point.sum == pytest.approx(9_002_050)
    assert point.count == 3
    assert list(point.explicit_bounds) == [bound * 1_000 for bound in BOUNDS_S]
    assert [number for number, count in enumerate(point.bucket_counts) if count] == [1, 5, len(BOUNDS_S)]
    assert not point.HasField("min")


def test_a_slow_receiver_keeps_nobody_and_gets_the_newest(receiver: Receiver) -> None:
    receiver.opened.clear()
    otlp = opened(receiver)
    otlp.put(snapshot(1))
    receiver.next()  # it has this one, and does not answer
    for count in range(2, 100):
        otlp.put(snapshot(count))
    assert receiver.requests.empty()
    receiver.opened.set()
    otlp.close()
    [point] = receiver.next()["airflow.ti.finish"].sum.data_points
    assert point.as_double == 99
    assert receiver.requests.empty()


def test_the_end_does_not_wait_for_a_receiver_that_never_answers(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.opened.clear()
    otlp = opened(receiver, close_s_max=0.1)
    otlp.put(snapshot())
    receiver.next()
    otlp.close()  # the receiver answers only when this has returned
    assert [record.message for record in caplog.records] == ["last metrics not sent in time"]


def test_a_failure_is_told_once_and_so_is_its_end(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    receiver.status = 400
    otlp = opened(receiver)
    for _ in range(3):
        otlp.put(snapshot())
        receiver.next()
    receiver.status = 200
    for _ in range(2):
        otlp.put(snapshot())
        receiver.next()
    otlp.close()
    told = [record for record in caplog.records if record.name.startswith(("windward", "opentelemetry"))]
    assert [record.message for record in told] == ["metrics not sent", "metrics are sent again"]
    assert "400" in told[0].__dict__["error"]
    assert told[0].__dict__["endpoint"] == receiver.endpoint


def test_nobody_has_to_listen(caplog: pytest.LogCaptureFixture) -> None:
    otlp = Otlp(
        "http://somebody:secret@127.0.0.1:9/v1/metrics",
        prefix="airflow", attributes={}, every_s=MINUTE_S, close_s_max=0.1,
    )  # fmt: skip
    otlp.put(snapshot())
    otlp.close()
    assert "secret" not in caplog.text
    assert not any("secret" in str(record.__dict__) for record in caplog.records)


class Heard(logging.Handler):
    """Waits for what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: Queue[logging.LogRecord] = Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.put(record)


def test_what_cannot_be_read_ends_no_thread(receiver: Receiver) -> None:
    heard = Heard()
    logging.getLogger("windward.metrics").addHandler(heard)
    try:
        otlp = opened(receiver)
        otlp.put(b"\x00")
        # What another test left behind may have something to say before.
        while "DecodeError" not in heard.records.get(timeout=60).__dict__["error"]:
            pass
    finally:
        logging.getLogger("windward.metrics").removeHandler(heard)
    otlp.put(snapshot(5))
    otlp.close()
    assert "airflow.ti.finish" in receiver.next()


@pytest.mark.parametrize(("host", "is_ssl", "expected"), [
    ("collector", False, "http://collector:4318/v1/metrics"),
    ("collector", True, "https://collector:4318/v1/metrics"),
    ("::1", False, "http://[::1]:4318/v1/metrics"),
])  # fmt: skip
def test_settings_say_where_to_send(host: str, is_ssl: bool, expected: str) -> None:
    assert endpoint_of({}, host=host, port=4318, is_ssl=is_ssl) == expected


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"])
def test_standard_variables_come_first(name: str) -> None:
    assert endpoint_of({name: "http://there"}, host="here", port=1, is_ssl=False) is None
    assert interval_s({"OTEL_METRIC_EXPORT_INTERVAL": "1500"}, 60_000) == 1.5
    assert interval_s({}, 60_000) == 60


@pytest.mark.parametrize("refused", [
    lambda: endpoint_of({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, host="here", port=1, is_ssl=False),
    lambda: interval_s({"OTEL_METRIC_EXPORT_INTERVAL": "soon"}, 1),
    lambda: interval_s({"OTEL_METRIC_EXPORT_INTERVAL": "0"}, 1),
])  # fmt: skip
def test_what_is_not_offered_is_refused_by_its_name(refused: Callable[[], object]) -> None:
    with pytest.raises(UserError, match="OTEL_"):
        refused()


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_who_lacks_the_library_is_told_what_to_install() -> None:
    said = run(
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from windward.errors import UserError\n"
        "from windward.telemetry.otlp import Otlp, check_library\n"
        "def opened(): Otlp('http://127.0.0.1:9', prefix='', attributes={}, every_s=1)\n"
        "for ask in (check_library, opened):\n"
        "    try: ask()\n"
        "    except UserError as error: print(error)\n"
    )
    assert said.count("pip install 'windward[otel]'") == 2


def test_who_has_the_library_may_start_and_has_not_loaded_it_by_that() -> None:
    said = run(
        "import sys\n"
        "from windward.telemetry.otlp import check_library\n"
        "check_library()\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'google', 'requests'))])\n"
    )
    assert said.strip() == "[]"


def test_who_does_not_ask_for_it_never_loads_the_library() -> None:
    said = run(
        "import sys\n"
        "import windward.app.metrics, windward.app.scheduler, windward.app.api_server\n"
        "print(sorted(name for name in sys.modules if name.startswith(('opentelemetry', 'google'))))\n"
    )
    assert said.strip() == "[]"
