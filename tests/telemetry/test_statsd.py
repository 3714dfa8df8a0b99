"""Lines of StatsD, and the packets that they go in."""

import socket
from collections.abc import Iterator

import pytest

from windward.telemetry.names import DAGBAG_SIZE, RUN_SUCCESS, TASKS_STARVING, TI_FINISH, Kind, Metric
from windward.telemetry.statsd import PACKET_BYTES_MAX, SENT_EVERY_S, Statsd, Tags


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(60)
        yield opened


@pytest.mark.parametrize(("tags", "expected"), [
    (Tags.NONE, "airflow.ti.finish.d_1.my.task.success:1|c"),
    (Tags.INFLUXDB, "airflow.ti.finish,dag_id=d_1,task_id=my.task,state=success:1|c"),
    (Tags.DATADOG, "airflow.ti.finish:1|c|#dag_id:d_1,task_id:my.task,state:success"),
])  # fmt: skip
def test_labels_go_where_the_server_looks_for_them(server: socket.socket, tags: Tags, expected: str) -> None:
    statsd = Statsd("127.0.0.1", server.getsockname()[1], prefix="airflow", tags=tags)
    statsd.count(TI_FINISH, "d:1", "my.task", "success")
    statsd.close()
    assert server.recv(10_000).decode() == expected


def test_durations_are_milliseconds_and_gauges_plain(server: socket.socket) -> None:
    statsd = Statsd("127.0.0.1", server.getsockname()[1], prefix="")
    statsd.time(RUN_SUCCESS, 1.25, "d")
    statsd.gauge(DAGBAG_SIZE, 7)
    statsd.close()
    assert server.recv(10_000).decode().split("\n") == [
        "dagrun.duration.success.d:1250|ms",
        "dagbag_size:7|g",
    ]


@pytest.mark.parametrize("length", [1, 40, 200])
def test_no_packet_is_larger_than_a_frame_and_none_is_lost(server: socket.socket, length: int) -> None:
    statsd = Statsd("127.0.0.1", server.getsockname()[1], prefix="airflow")
    for number in range(200):
        statsd.count(TI_FINISH, "d" * length, f"t{number}", "success")
    statsd.close()
    lines: list[str] = []
    while len(lines) < 200:
        packet = server.recv(10_000)
        assert len(packet) <= PACKET_BYTES_MAX
        lines += packet.decode().split("\n")
    assert len(set(lines)) == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_nobody_has_to_listen(host: str, server: socket.socket) -> None:
    port = server.getsockname()[1]
    server.close()
    statsd = Statsd(host, port, prefix="airflow")
    for _ in range(3):
        statsd.gauge(DAGBAG_SIZE, 1)
        statsd.flush()
    statsd.close()


def test_packets_that_are_not_full_leave_room_for_more_and_the_end_loses_none(server: socket.socket) -> None:
    now_s = [100.0]
    statsd = Statsd("127.0.0.1", server.getsockname()[1], prefix="", monotonic=lambda: now_s[0])
    for value in range(4):
        statsd.gauge(DAGBAG_SIZE, value)
        statsd.flush()
        if value == 1:
            now_s[0] += SENT_EVERY_S
    statsd.close()
    packets = [server.recv(10_000).decode().split("\n") for _ in range(3)]
    assert packets == [["dagbag_size:0|g"], ["dagbag_size:1|g", "dagbag_size:2|g"], ["dagbag_size:3|g"]]


@pytest.mark.parametrize("tags", list(Tags))
@pytest.mark.parametrize("metric", [TI_FINISH, RUN_SUCCESS, TASKS_STARVING])
@pytest.mark.parametrize("value", [0.0, 1.0, 2.0, 0.0125, 100.0, 1234567.0, 12.3456])
def test_a_teller_writes_what_is_written_without_one(
    server: socket.socket, tags: Tags, metric: Metric, value: float
) -> None:
    statsd = Statsd("127.0.0.1", server.getsockname()[1], prefix="airflow", tags=tags)
    labels = ["d:1", "t", "success"][: len(metric.labels)]
    statsd.teller(metric, *labels)(value)
    match metric.kind:
        case Kind.COUNTER:
            statsd.count(metric, *labels, by=value)
        case Kind.GAUGE:
            statsd.gauge(metric, value, *labels)
        case Kind.TIMER:
            statsd.time(metric, value, *labels)
    statsd.close()
    first, second = server.recv(10_000).decode().split("\n")
    assert first == second
    number = float(first.split("|")[0].rpartition(":")[2])
    assert number == pytest.approx(value * (1_000 if metric.kind is Kind.TIMER else 1), abs=0.0005)
