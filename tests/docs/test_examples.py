"""The DAG files that the documentation quotes: each of their DAGs runs, and each file is quoted by a page."""

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.tidy import tree
from windward.app import dag_test
from windward.app.dag_file import import_file
from windward.processor.load import load_file
from windward.sdk import extensions, xcom_backend
from windward.settings import Settings, load

FILES = sorted(path for path in tree.paths() if path.startswith("docs/examples/") and path.endswith(".py"))
NEEDS_OTHERS = {"docs/examples/other_dags.py"}
"""Files whose DAGs need each other: the acceptance tests run them in a whole system."""
# Files in the style of Airflow 2 are warned of their old imports; that is what they show.
pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, home=tmp_path)


@pytest.mark.parametrize("file", sorted(set(FILES) - NEEDS_OTHERS))
def test_each_dag_of_a_quoted_file_runs_and_succeeds(file: str, settings: Settings) -> None:
    path = tree.ROOT / file
    dag_ids = list(import_file(path, settings))
    assert dag_ids

    codes = {
        dag_id: dag_test.main(str(path), None, {}, dag_id=dag_id, settings=settings) for dag_id in dag_ids
    }

    assert codes == dict.fromkeys(dag_ids, dag_test.SUCCESS)


@pytest.mark.parametrize("file", FILES)
def test_each_file_is_quoted_by_a_page(file: str) -> None:
    pages = [text for path, text in tree.texts().items() if path.startswith("docs/") and path.endswith(".md")]

    assert any(f"```python file={file}\n" in page for page in pages)


@pytest.fixture
def slack() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield the address of a web hook on loopback, and what it was sent."""
    received: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", received
        server.shutdown()
        thread.join()


def test_the_notifier_of_the_callbacks_example_tells_of_a_failed_run(
    slack: tuple[str, list[dict[str, str]]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, received = slack
    monkeypatch.setenv("WINDWARD_CONN_ALERTS", json.dumps({"conn_type": "slackwebhook", "password": address}))
    file = str(tree.ROOT / "docs/examples/callbacks.py")

    code = dag_test.main(file, None, {"is_broken": True}, settings=settings)

    assert code == dag_test.FAILED
    assert [message["text"] for message in received] == ["callbacks failed: task `work` is failed"]


@pytest.mark.parametrize(
    ("day", "taken"),
    [
        ("2026-11-26", {"full_load", "usual_prices"}),
        ("2026-11-28", {"small_load", "sale_prices"}),
        ("2026-12-01", {"full_load", "sale_prices"}),
        ("2026-12-06", {"small_load", "usual_prices"}),
    ],
)
def test_the_branches_by_date_go_by_the_date_of_the_run(
    day: str, taken: set[str], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tree.ROOT / "docs/examples/dates.py")

    code = dag_test.main(file, datetime.fromisoformat(day).replace(tzinfo=UTC), {}, settings=settings)

    assert code == dag_test.SUCCESS
    states = dict(line.split()[:2] for line in capsys.readouterr().err.splitlines() if line.startswith("  "))
    branches = {"full_load", "small_load", "usual_prices", "sale_prices"}
    assert {name for name in branches if states[name] == "success"} == taken
    assert {name for name in branches if states[name] == "skipped"} == branches - taken
    assert states["tell_the_shop"] == "skipped", "it is no scheduled run"


def test_a_param_outside_its_schema_begins_nothing(settings: Settings) -> None:
    file = str(tree.ROOT / "docs/examples/params.py")

    assert dag_test.main(file, None, {"limit": 0}, settings=settings) == dag_test.BAD_INPUT


def test_the_way_that_a_branch_takes_is_the_way_that_its_params_say(settings: Settings) -> None:
    file = str(tree.ROOT / "docs/examples/branching.py")

    assert dag_test.main(file, None, {"rows": 0}, settings=settings) == dag_test.SUCCESS


@pytest.mark.parametrize(
    ("backend", "code"), [("CompressedXCom", dag_test.SUCCESS), ("Misspelled", dag_test.FAILED)]
)
def test_values_of_the_backend_example_pass_through_the_class_that_is_named(
    backend: str, code: int, settings: Settings
) -> None:
    file = str(tree.ROOT / "docs/examples/compressed.py")
    core = replace(settings.core, xcom_backend=f"compressed.{backend}")

    try:
        assert dag_test.main(file, None, {}, settings=replace(settings, core=core)) == code
    finally:
        xcom_backend.configure("")


def test_the_extensions_of_the_page_have_their_say(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, name in (("config", "windward_local_settings.py"), ("plugins", "company_plugin.py")):
        (settings.home / folder).mkdir(exist_ok=True)
        shutil.copy(tree.ROOT / "docs/extensions" / name, settings.home / folder)
    file = tree.ROOT / "docs/examples/extensions.py"
    ledger = settings.home / "ledger"
    monkeypatch.setenv("LEDGER", str(ledger))
    path = list(sys.path)
    try:
        loaded = load_file(file, settings)
        assert dag_test.main(str(file), None, {}, settings=settings) == dag_test.SUCCESS
    finally:
        extensions.configure(extensions.Places())
        sys.path[:] = path
        for name in ("windward_local_settings", "company_plugin"):
            sys.modules.pop(name, None)

    tasks = {task.task_id: task for task in loaded.documents["extensions"].tasks}
    assert {name: task.queue for name, task in tasks.items()} == {"heavy_load": "large", "greet": "default"}
    assert all(task.extra_links == ("Dashboard",) for task in tasks.values())
    assert loaded.dags["extensions"].get_task("greet").execution_timeout == timedelta(hours=8)
    *of_tasks, of_run = ledger.read_text().splitlines()
    assert of_tasks == ["sales heavy_load succeeded", "sales greet succeeded"]
    assert of_run.startswith("all run manual__")
    assert "TEAM" not in os.environ
