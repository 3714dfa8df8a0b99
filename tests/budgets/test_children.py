"""What the process of a task costs by itself: what its host has loaded, and the pages that a task that does nothing copies."""

import json
import subprocess
import sys
from pathlib import Path

from bench.runner_micro import DAG_FILE, fences
from tests.runner.fake_scheduler import host_under_test, submission
from windward.model.states import Isolation

ATTEMPTS = 20
PAGES_MAX = 740
"""Pages that a child copies or makes; each is about two microseconds of the kernel's."""
NEEDLESS = {
    "argparse", "difflib", "email", "hashlib", "hmac", "importlib.metadata", "random", "secrets", "shutil", "sqlalchemy",
    "starlette", "tempfile", "windward.cli", "windward.ports.store", "zipfile",
}  # fmt: skip
"""Modules that only rare tasks need, and that each child would carry."""
LOADED_BY_A_HOST = """
import json, os, sys
from windward.app import worker_host
from windward.app.session import Session
def prepare(options):
    from windward.runner.template import prepare_host
    prepare_host()
    print(json.dumps(sorted(sys.modules)))
import windward.runner.host as host
host.run_host = prepare
worker_host.run_worker_host(Session(os.environ).prepared)
"""


def test_a_worker_host_loads_nothing_that_tasks_rarely_need(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOADED_BY_A_HOST],
        env={"WINDWARD_HOME": str(tmp_path), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    loaded = set(json.loads(said))
    assert "windward.runner.attempt" in loaded
    assert loaded & NEEDLESS == set()


def test_a_child_that_does_nothing_copies_few_pages(tmp_path: Path) -> None:
    # The last child is one that was forked ahead of work that never comes: it is soon let go.
    with host_under_test(tmp_path, "--spare", "1") as host:
        name, fence = host.write("f.py", DAG_FILE), fences()

        def run(attempts: int) -> None:
            host.run(
                *[
                    submission(name, "nothing", fence=next(fence), isolation=Isolation.ISOLATED)
                    for _ in range(attempts)
                ]
            )
            host.scheduler.until(lambda: not host.children_of(host.templates()[0]))

        run(2)
        before = _pages_of_children(host.templates()[0])
        run(ATTEMPTS)
        pages = (_pages_of_children(host.templates()[0]) - before) / ATTEMPTS

    assert 100 < pages <= PAGES_MAX


def _pages_of_children(pid: int) -> int:
    """Return the minor faults of all children that a process has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[8])
