"""Worker hosts on another machine: an address and a token are all they have, and each attempt happens once."""

import json
import re
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import System, wait_for

FAR = """
import os, sys, time
from datetime import datetime
from airflow.sdk import DAG, Variable, task
from helper_of_far import doubled

def effect(ti):
    line = f"{ti.task_id},{ti.try_number},{os.getpid()}\\n".encode()
    effects = os.open(os.environ["EFFECTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(effects, line)
    os.close(effects)

with DAG("far", schedule=None, start_date=datetime(2026, 1, 1), default_args={"queue": "far", "retries": 0}):
    @task
    def make(ti):
        effect(ti)
        print("said from afar")
        return {"large": "x" * 200_000, "variable": Variable.get("greeting"), "doubled": doubled(21)}

    @task(queue="default")
    def near(value):
        return [len(value["large"]), value["variable"], value["doubled"]]

    @task
    def back(value):
        return [value[0] + 1, *value[1:]]

    back(near(make()))

with DAG("many", schedule=None, start_date=datetime(2026, 1, 1), default_args={"queue": "far", "retries": 3,
         "retry_delay": 0}, max_active_tasks=32):
    @task
    def one(n, ti):
        effect(ti)
        time.sleep(0.05)

    one.expand(n=list(range(60)))

with DAG("looks", schedule=None, start_date=datetime(2026, 1, 1), default_args={"queue": "far", "poke_interval": 0.2}):
    @task.sensor(mode="reschedule", timeout=300)
    def third(task_reschedule_count=None):
        print(f"look {task_reschedule_count} of three")
        return task_reschedule_count == 2

    third()

def says(context):
    print(f"the callback was told {Variable.get('greeting')}")

with DAG("calls", schedule=None, start_date=datetime(2026, 1, 1), default_args={"queue": "far"}):
    @task(on_success_callback=says)
    def ends():
        pass

    ends()

with DAG("spies", schedule=None, start_date=datetime(2026, 1, 1), default_args={"queue": "far"}):
    @task
    def look():
        import gc
        token = Variable.get("token")
        found = [name for name, value in os.environ.items() if name == "WINDWARD_TOKEN" or value.startswith(token)]
        pid, frame = os.getpid(), sys._getframe()
        while pid > 1:
            try:
                found += [f"environ of {pid}"] if token.encode() in open(f"/proc/{pid}/environ", "rb").read() else []
            except PermissionError:
                pass
            status = open(f"/proc/{pid}/status").read()
            parent = int(status.split("PPid:")[1].split()[0])
            if "windward" not in open(f"/proc/{parent}/cmdline").read():
                break
            pid = parent
        while frame is not None:
            found += [f"frame {frame.f_code.co_name}" for value in frame.f_locals.values()
                      if isinstance(value, str) and len(value) > len(token) and value.startswith(token)]
            frame = frame.f_back
        held = [value for one in gc.get_objects() for value in gc.get_referents(one) if isinstance(value, str)]
        found += ["memory" for value in held if len(value) > len(token) and value.startswith(token)]
        return sorted(set(found))

    look()
"""
pytestmark = pytest.mark.slow


def token_of(system: System) -> str:
    """Return a token, as somebody gets one who knows the password."""
    found = re.search(r"password (\S+)", system.said())
    assert found is not None, system.said()
    body = json.dumps({"username": "admin", "password": found.group(1)}).encode()
    request = urllib.request.Request(
        f"{system.address()}/auth/token", data=body, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["access_token"])


class Far:
    """An installation, and the means to start workers that know nothing of it but an address and a token."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system = system
        self._folder = folder
        self._address, self.token = system.address(), token_of(system)
        self._count = 0

    def worker(self) -> int:
        """Start a worker in an empty home of its own; return its process id."""
        self._count += 1
        home = self._folder / f"far{self._count}"
        home.mkdir()
        bare = {name: value for name, value in self.system.environ.items() if not name.startswith("WINDWARD")}
        environ = bare | {"WINDWARD_HOME": str(home), "WINDWARD_TOKEN": self.token}
        arguments = ("worker", "host", "--server", self._address, "-q", "far", "-c", "8")
        return self.system.launch(*arguments, environ=environ).pid


@pytest.fixture
def lease_s() -> int:
    """Return how long a silent worker is waited for: short for those who wait for the end of one."""
    return 4


@pytest.fixture(params=DATABASES)
def far(request: pytest.FixtureRequest, make_system: MakeSystem, tmp_path: Path, lease_s: int) -> Far:
    settings = {
        "WINDWARD__SCHEDULER__HOST_LEASE_S": str(lease_s),
        "WINDWARD__WORKERS__HEARTBEAT_S": "0.5",
    }
    system = make_system(database=request.param, settings=settings)
    system.write("helper_of_far.py", "def doubled(n):\n    return n * 2\n")
    system.write("far.py", FAR)
    system.start()
    system.cli("variables", "set", "greeting", "hello")
    return Far(system, tmp_path)


def assert_each_attempt_once(system: System, count: int) -> Counter[int]:
    """Check that every task got done and no attempt happened twice; return how many attempts had each number."""
    assert {one.state for one in system.tasks("many", "r")} == {"success"}
    effects = Counter((effect.task_id, effect.pid) for effect in system.effects())
    assert max(effects.values()) == 1
    assert len(system.effects()) >= count
    return Counter(effect.try_number for effect in system.effects())


def test_a_worker_needs_an_address_and_a_token(far: Far) -> None:
    system = far.system
    told = system.cli("tokens", "create", "--username", "admin", "far", "--scope", "worker:edit")
    far.token = told.split()[-1]
    system.trigger("far", "r")
    far.worker()
    assert system.wait_run("far", "r") == "success"
    assert system.value("far", "r", "back") == [200_001, "hello", 42]
    system.wait_log("far", "r", "make", "said from afar", "attempt ended")
    system.trigger("calls", "r")
    assert system.wait_run("calls", "r") == "success"
    system.wait_log("calls", "r", "ends", "the callback was told hello")


def test_user_code_finds_no_token_of_its_worker(far: Far) -> None:
    """Neither in its environment, nor in those of the processes above it, nor in its own memory."""
    system = far.system
    system.cli("variables", "set", "token", far.token[:-4])
    far.worker()
    system.trigger("spies", "r")
    assert system.wait_run("spies", "r") == "success"
    assert system.value("spies", "r", "look") == []


def test_the_log_of_a_try_has_all_its_parts(far: Far) -> None:
    system = far.system
    far.worker()
    system.trigger("looks", "r")
    assert system.wait_run("looks", "r") == "success"
    system.wait_log("looks", "r", "third", *(f"look {number} of three" for number in range(3)))


def test_what_a_killed_worker_had_is_done_by_another(far: Far) -> None:
    system = far.system
    worker = far.worker()
    system.trigger("many", "r")
    system.wait_effects(15)
    system.kill(worker)
    far.worker()
    assert system.wait_run("many", "r") == "success"
    assert_each_attempt_once(system, 60)


# Nobody is to be given up because an API server takes its time to begin anew.
@pytest.mark.parametrize("lease_s", [60])
def test_a_worker_goes_on_while_the_scheduler_and_the_api_server_begin_anew(far: Far) -> None:
    system = far.system
    far.worker()
    system.trigger("many", "r")
    system.wait_effects(10)
    system.kill(system.component("scheduler"))
    system.wait_effects(30)
    system.kill(system.component("api-server"))
    assert system.wait_run("many", "r") == "success"
    assert assert_each_attempt_once(system, 60) == {1: 60}


def test_a_worker_whose_token_is_not_taken_says_so_and_ends(far: Far) -> None:
    far.token = "nonsense"
    worker = far.worker()
    far.system.wait_until_said("does not take this worker")
    wait_for(lambda: worker not in far.system.pids(), "it goes on")
