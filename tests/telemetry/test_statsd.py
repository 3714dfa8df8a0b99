"""Lines of StatsD, and the packets that they go in."""

import socket
from collections.abc import Iterator

import pytest

from windward.telemetry.names import DAGBAG_SIZE, RUN_SUCCESS, TI_FINISH
from windward.telemetry.statsd import PACKET_BYTES_MAX, Statsd, Tags


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(10)
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


def test_no_packet_is_larger_than_a_frame_and_none_is_lost(server: socket.socket) -> None:
    statsd = Statsd("127.0.0.1", server.getsockname()[1], prefix="airflow")
    for number in range(200):
        statsd.count(TI_FINISH, "d", f"t{number}", "success")
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
