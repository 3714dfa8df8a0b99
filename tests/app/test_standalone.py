"""`windward standalone` with real processes: it starts, survives, says so, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import DEADLINE_S, WINDWARD, Pipe, Standalone, pidfds_below, wait_until_gone

Start = Callable[..., Standalone]
ENDLESS = """
def work():
    tell("began")
    time.sleep(600)
"""


def test_a_fresh_home_becomes_a_healthy_installation(start: Start) -> None:
    health = start().ready().get("/api/v2/monitor/health")
    parts = ("metadatabase", "scheduler", "dag_processor")
    assert {part: health[part]["status"] for part in parts} == dict.fromkeys(parts, "healthy")
    assert health["triggerer"]["status"] is None


def test_the_first_password_is_shown_once_and_never_written_down(start: Start, home: Path) -> None:
    first = start()
    password = first.wait_for("sign in").split("password ")[1].split()[0]
    first.ready().stop()
    second = start().ready()
    second.stop()
    assert "sign in" not in "".join(second.said)
    for path in home.rglob("*"):
        if path.is_file():
            assert password.encode() not in path.read_bytes()


def test_no_user_is_made_where_an_auth_manager_of_ones_own_knows_people(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    (folder / "badges-1.dist-info").mkdir(parents=True)
    (folder / "badges_of_tests.py").write_text("def make(settings):\n    return object()\n")
    (folder / "badges-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: badges\nVersion: 1\n"
    )
    points = "[windward.auth_managers]\nbadges = badges_of_tests:make\n"
    (folder / "badges-1.dist-info" / "entry_points.txt").write_text(points)

    standalone = start(variables={"WINDWARD__API_AUTH__MANAGER": "badges", "PYTHONPATH": str(folder)}).ready()

    assert "`badges`" in standalone.has_said("sign in")
    assert "password" not in "".join(standalone.said)
    command = [str(WINDWARD), "users", "list", "-o", "json"]
    environment = {**os.environ, "WINDWARD_HOME": str(standalone.home)}
    assert json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout) == []


@pytest.mark.parametrize("name", ["scheduler", "processor", "api-server"])
def test_a_killed_component_is_started_again_and_said_so(start: Start, name: str) -> None:
    standalone = start().ready()
    before = standalone.component(name)
    os.kill(before, signal.SIGKILL)
    assert 'reason="killed by SIGKILL"' in standalone.wait_for(f"component died died={name}")
    standalone.wait_for(f"component is back back={name}")
    assert standalone.component(name) != before
    assert standalone.get("/api/v2/monitor/health")["scheduler"]["status"] == "healthy"


def test_a_scheduler_that_is_started_again_leads_at_once(
    start: Start, write_task: Callable[[str], None], pipe: Pipe
) -> None:
    standalone = start().ready()
    assert "epoch=1" in standalone.has_said("scheduler leads")
    os.kill(standalone.component("scheduler"), signal.SIGKILL)
    assert "epoch=2" in standalone.wait_for("scheduler leads")
    write_task("def work():\n    tell('ran')")
    assert pipe.read().startswith("ran")


def test_a_task_of_a_killed_worker_runs_again_on_the_next_one(
    start: Start, write_task: Callable[[str], None], pipe: Pipe
) -> None:
    write_task(ENDLESS)
    standalone = start().ready()
    first = int(pipe.read().split()[1])
    pidfd = os.pidfd_open(first)
    os.kill(standalone.component("worker"), signal.SIGKILL)
    standalone.wait_for("component started again started=worker")
    wait_until_gone([pidfd])
    assert int(pipe.read().split()[1]) != first


def test_a_task_outlives_a_killed_scheduler(
    start: Start, write_task: Callable[[str], None], pipe: Pipe
) -> None:
    write_task(
        """
def work():
    tell("began")
    tell(open(os.environ["WINDWARD_HOME"] + "/go").read())
"""
    )
    standalone = start()
    os.mkfifo(standalone.home / "go")
    standalone.ready()
    began = pipe.read()
    os.kill(standalone.component("scheduler"), signal.SIGKILL)
    standalone.wait_for("component is back back=scheduler")
    (standalone.home / "go").write_text("ended", encoding="utf-8")
    assert pipe.read().split() == ["ended", began.split()[1]]


def test_a_stop_gives_tasks_time_and_leaves_nothing(
    start: Start, write_task: Callable[[str], None], pipe: Pipe
) -> None:
    write_task(
        """
def work():
    try:
        tell("began")
        time.sleep(600)
    finally:
        tell("cleaned up")
"""
    )
    standalone = start().ready()
    pipe.read()
    processes = pidfds_below(standalone.process.pid)
    assert len(processes) >= 6
    assert standalone.stop(signal.SIGINT) == 0
    assert pipe.read().startswith("cleaned up")
    wait_until_gone(processes)
    assert [path.name for path in (standalone.home / "run").iterdir()] == ["scheduler.lock"]
    assert "ERROR" not in "".join(standalone.said).upper()


def test_a_second_ctrl_c_kills_at_once(start: Start, write_task: Callable[[str], None], pipe: Pipe) -> None:
    write_task(
        """
def work():
    while True:
        try:
            tell("began")
            time.sleep(600)
        except BaseException:
            tell("ignored")
"""
    )
    standalone = start().ready()
    pipe.read()
    processes = pidfds_below(standalone.process.pid)
    standalone.process.send_signal(signal.SIGINT)
    assert pipe.read().startswith("ignored")
    assert standalone.stop(signal.SIGINT) == 130
    wait_until_gone(processes)


def test_a_killed_supervisor_leaves_no_process(
    start: Start, write_task: Callable[[str], None], pipe: Pipe
) -> None:
    write_task(ENDLESS)
    standalone = start().ready()
    pipe.read()
    processes = pidfds_below(standalone.process.pid)
    standalone.process.kill()
    wait_until_gone(processes)
    again = start().ready()
    assert again.get("/api/v2/monitor/health")["scheduler"]["status"] == "healthy"


def test_a_second_one_on_the_same_home_is_refused(start: Start) -> None:
    first = start().ready()
    second = start()
    assert second.wait() == 1
    assert f"already, as process {first.process.pid}" in "".join(second.said)
    assert first.get("/api/v2/version")["version"]


def test_a_scheduler_beside_it_on_the_same_home_is_refused(start: Start) -> None:
    standalone = start().ready()
    done = subprocess.run(
        [str(WINDWARD), "scheduler"],
        env={**os.environ, "WINDWARD_HOME": str(standalone.home)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 1
    assert "a scheduler runs on the home" in done.stderr


def test_a_taken_port_is_said_before_anything_starts(start: Start) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        standalone = start(port=port)
        assert standalone.wait() == 1
    said = "".join(standalone.said)
    assert f"port {port} on `127.0.0.1` is taken" in said
    assert "WINDWARD__API__PORT" in said
    assert not (standalone.home / "windward.db").exists()


def test_metrics_that_no_component_can_send_are_refused_before_anything_starts(start: Start) -> None:
    standalone = start(
        variables={"WINDWARD__METRICS__OTEL_ON": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    )
    assert standalone.wait() == 1
    said = "".join(standalone.said)
    assert "`OTEL_EXPORTER_OTLP_PROTOCOL` asks for `grpc`, which is not offered" in said
    assert not (standalone.home / "windward.db").exists()


def test_a_home_that_lies_deep_works(start: Start, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 40] * 3)
    health = start(home=deep).ready().get("/api/v2/monitor/health")
    assert health["scheduler"]["status"] == "healthy"


@pytest.mark.postgres
def test_it_runs_on_postgresql(
    start: Start, write_task: Callable[[str], None], pipe: Pipe, postgres_url: str
) -> None:
    write_task("def work():\n    tell('ran')")
    standalone = start(variables={"WINDWARD__DATABASE__SQL_ALCHEMY_CONN": postgres_url}).ready()
    assert pipe.read().startswith("ran")
    assert standalone.stop() == 0
