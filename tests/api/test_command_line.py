"""The command line against a server: the same commands, and tables, as against a database."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import uvicorn

from tests.api.conftest import NOW, Client, FakeTester
from tests.cli.commands import whole_parser
from tests.store.building import create, document_of, put_dags, run_of, step
from tests.tidy import tree
from windward.api.services import Services
from windward.cli.main import main
from windward.cli.remote import REMOTE
from windward.core.paths import log_path
from windward.core.transitions import TaskEvent
from windward.document import AssetDocument, TaskDocument
from windward.engine.people.tokens import create_token
from windward.model.ids import TaskKey
from windward.store.sql.open import SqlStore
from windward.timetable import AssetLeaf
from windward.timetable.schedule import CronSchedule, ScheduleKind

TASKS = (
    TaskDocument(task_id="load", operator="PythonOperator"),
    TaskDocument(task_id="sum", operator="BashOperator", upstream=("load",)),
)


@pytest.fixture
def variables() -> dict[str, str]:
    return {"WINDWARD__CORE__TEST_CONNECTION": "enabled"}


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def address(client: Client) -> Iterator[str]:
    """Serve the application on a loopback port for one test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(client.app, log_config=None, lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def run(address: str, services: Services, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a way to run a command with a token of the first user."""
    known = services.account_desk.accounts.known_by_name("admin")
    assert known is not None
    admin = known[0]
    _, secret = create_token(
        services.account_desk, admin.user.user_id, "test", scopes=None, days=1, days_max=1
    )

    def carry_out(*words: str, token: str = secret) -> Said:
        def no_session(_environ: object) -> Any:
            raise AssertionError("the database of this machine was asked")

        environ = {"WINDWARD_SERVER": address, "WINDWARD_TOKEN": token}
        code = main(words, environ=environ, make_session=no_session)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return carry_out


@pytest.fixture
def filled(store: SqlStore, services: Services) -> SqlStore:
    """Two runs of a DAG; one task of the first has ended, with a log."""
    schedule = CronSchedule(expression="@daily", timezone="UTC", kind=ScheduleKind.DATA_INTERVAL)
    fields: dict[str, Any] = {
        "tasks": TASKS,
        "schedule": schedule,
        "start_date": datetime(2025, 1, 1, tzinfo=UTC),
    }
    put_dags(store, "sales", **fields)
    document_hash = document_of("sales", **fields)[0]
    runs = [
        run_of(1, run_id="a", document_hash=document_hash, logical_date=NOW),
        run_of(2, run_id="b", document_hash=document_hash),
    ]
    assert store.runs.apply([[create(one, "load", "sum")] for one in runs]).all
    key = TaskKey(1, "load")
    step(store, key, TaskEvent.QUEUE, try_number=1, queued_at=NOW)
    step(store, key, TaskEvent.START, start_date=NOW, owner="h")
    step(store, key, TaskEvent.SUCCEED, end_date=NOW + timedelta(seconds=5))
    path = services.settings.home / "logs" / log_path("sales", "a", "load", -1, 1)
    path.parent.mkdir(parents=True)
    path.write_text('{"timestamp": "2026-03-01T12:00:00Z", "level": "info", "event": "hello ä"}\n')
    return store


def test_every_remote_command_is_one_of_the_command_line() -> None:
    parser = whole_parser()
    for command in REMOTE:
        group, _, name = command.partition(" ")
        choices = next(action.choices for action in parser._actions if action.dest == "group")
        below = [action.choices for action in choices[group]._actions if action.dest == "command"]  # type: ignore[index]
        assert not name or name in below[0], command


@pytest.mark.usefixtures("filled")
def test_dags_are_read_and_paused(run: Run, filled: SqlStore) -> None:
    [dag] = run("dags", "list", "-o", "json").rows
    assert (dag["dag_id"], dag["is_paused"], dag["is_active"]) == ("sales", False, True)
    assert run("dags", "details", "sales", "-o", "json").rows["tasks"] == ["load", "sum"]
    assert run("dags", "pause", "sales", "-o", "json").rows == [{"dag_id": "sales", "is_paused": True}]
    assert "was paused already" in run("dags", "pause", "sale.", "--treat-dag-id-as-regex", "-y").err
    record = filled.catalog.load_dag("sales")
    assert record is not None
    assert record.is_paused
    assert run("dags", "unpause", "sales").code == 0


@pytest.mark.usefixtures("filled")
def test_runs_are_made_listed_and_named_by_id_or_date(run: Run) -> None:
    made = run("dags", "trigger", "sales", "-r", "mine", "-c", '{"a": 1}', "-o", "json").rows
    assert [(one["run_id"], one["conf"]) for one in made] == [("mine", {"a": 1})]
    listed = run("dags", "list-runs", "sales", "-o", "json").rows
    assert {one["run_id"] for one in listed} == {"a", "b", "mine"}
    cut = run("dags", "list-runs", "--limit", "2", "-o", "json")
    assert (len(cut.rows), "only the newest 2" in cut.err) == (2, True)
    assert run("dags", "state", "sales", "a").out == run("dags", "state", "sales", NOW.isoformat()).out
    assert run("dags", "trigger", "sales", "-r", "mine").code == 1


@pytest.mark.usefixtures("filled")
def test_tasks_are_read_cleared_and_their_logs_shown(run: Run) -> None:
    assert run("tasks", "list", "sales").out == "load\nsum\n"
    shown = run("tasks", "list", "sales", "-o", "json").rows
    assert [(one["task_id"], one["upstream"]) for one in shown] == [("load", []), ("sum", ["load"])]
    states = run("tasks", "states-for-dag-run", "sales", "a", "-o", "json").rows
    assert [(one["task_id"], one["state"]) for one in states] == [("load", "success"), ("sum", None)]
    assert run("tasks", "state", "sales", "load", "a").out == "success\n"
    for follow in ([], ["--follow"]):
        assert "hello ä" in run("tasks", "logs", "sales", "load", "a", *follow).out
    assert json.loads(run("tasks", "logs", "sales", "load", "a", "--json").out)["event"] == "hello ä"
    assert run("tasks", "logs", "sales", "sum", "a").code == 1

    flags = ("sales", "-r", "a", "-t", "load")
    [meant] = run("tasks", "clear", *flags, "--dry-run", "-o", "json").rows
    assert (meant["run_id"], meant["task_id"], meant["state"]) == ("a", "load", "success")
    assert run("tasks", "state", "sales", "load", "a").out == "success\n"
    assert "cleared 1 task instance" in run("tasks", "clear", *flags, "-y").err
    assert run("tasks", "state", "sales", "load", "a").out == "none\n"


def test_pools_and_variables_are_kept(run: Run, store: SqlStore) -> None:
    for slots in ("3", "-1"):
        assert run("pools", "set", "a b", slots, "why", "-o", "json").rows[0]["slots"] == int(slots)
    assert run("pools", "get", "a b", "-o", "json").rows[0]["description"] == "why"
    assert [one["pool"] for one in run("pools", "list", "-o", "json").rows] == ["a b", "default_pool"]
    assert run("pools", "delete", "a b").code == 0
    assert "there is no pool `a b`" in run("pools", "get", "a b").err

    for value in ('{"x": 1}', "second"):
        assert run("variables", "set", "a/b", value).code == 0
        assert run("variables", "get", "a/b").out == f"{value}\n"
    run("variables", "set", "api_key", "tell-nobody")
    assert "tell-nobody" not in run("variables", "list", "--show-values").out
    assert store.secrets.get_variable("api_key") == "tell-nobody"
    assert run("variables", "delete", "a/b").code == 0
    assert run("variables", "get", "a/b", "-d", "other").out == "other\n"


def test_connections_are_kept_and_tested(run: Run, store: SqlStore, tester: FakeTester) -> None:
    assert (
        run("connections", "add", "shop", "--conn-uri", "postgres://me:tell-nobody@db:5432/orders?a=b").code
        == 0
    )
    found = store.secrets.get_connection("shop")
    assert found is not None
    assert (found["password"], found["port"], json.loads(found["extra"])) == ("tell-nobody", 5432, {"a": "b"})
    shown = run("connections", "get", "shop", "-o", "json")
    assert (shown.rows["host"], shown.rows["has_password"]) == ("db", True)
    assert "tell-nobody" not in shown.out
    assert "shows no secrets" in run("connections", "list", "--show-values").err
    assert run("connections", "test", "shop").code == 0
    assert tester.asked[0][1]["password"] == "tell-nobody"
    assert run("connections", "delete", "shop").code == 0
    assert run("connections", "list", "-o", "json").rows == []


@pytest.mark.usefixtures("filled")
def test_backfills_are_made_and_ended(run: Run) -> None:
    words = ("--dag-id", "sales", "--from-date", "2026-01-01", "--to-date", "2026-01-02")
    assert len(run("backfill", "create", *words, "--dry-run", "-o", "json").rows) == 2
    made = run("backfill", "create", *words, "-o", "json")
    number = str(made.rows["backfill_id"])
    assert run("backfill", "pause", number).code == 0
    [one] = run("backfill", "list", "--open", "-o", "json").rows
    assert one["state"] == "paused"
    assert run("backfill", "cancel", number).code == 0
    assert run("backfill", "list", "--open", "-o", "json").rows == []
    for verb in ("pause", "unpause", "cancel"):
        again = run("backfill", verb, number)
        assert (again.code, "Backfill is already completed\n" in again.err) == (1, True)
        assert "windward backfill list --open" in again.err


def test_assets_are_listed_made_and_reported(run: Run, store: SqlStore) -> None:
    prices = AssetDocument(name="prices", uri="s3://b/prices")
    writes = TaskDocument(
        task_id="w", operator="@task", outlets=(AssetLeaf(name=prices.name, uri=prices.uri),)
    )
    put_dags(store, "writer", tasks=(writes,), assets=(prices,))
    [row] = run("assets", "list", "-o", "json").rows
    assert (row["name"], row["producers"]) == ("prices", ["writer.w"])
    said = run("assets", "emit", "--name", "prices", "--extra", '{"a": 1}', "-o", "json")
    assert (said.rows[0]["uri"], said.rows[0]["extra"]["a"]) == ("s3://b/prices", 1)
    assert run("assets", "details", "--uri", "s3://b/prices", "-o", "json").rows[0]["last_event"]
    [made] = run("assets", "materialize", "--name", "prices", "-o", "json").rows
    assert (made["dag_id"], made["run_type"]) == ("writer", "asset_materialization")
    assert "there is no asset `other`" in run("assets", "details", "--name", "other").err


def test_what_the_server_refuses_is_told_with_what_to_do(run: Run) -> None:
    unknown = run("dags", "list", token="no-such-token")
    assert (unknown.code, "WINDWARD_TOKEN" in unknown.err) == (1, True)
    assert "there is no token" in run("dags", "list", token="").err
    assert "there is no DAG `nothing`" in run("dags", "details", "nothing").err
    only_here = run("db", "migrate")
    assert (only_here.code, "cannot be asked of a server" in only_here.err) == (1, True)


def test_a_server_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else gets the port, and nobody listens
        words = ["--server", f"http://127.0.0.1:{silent.getsockname()[1]}", "dags", "list"]
        assert main(words, environ={"WINDWARD_TOKEN": "x"}) == 1
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "windward db check" not in said


@pytest.mark.parametrize(
    "address", ["http://h:70000", "http://h:port", "http://[::1", "http://a b", "ftp://h", "h"]
)
def test_what_is_no_address_is_told(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--server", address, "dags", "list"], environ={"WINDWARD_TOKEN": "x"}) == 1
    assert f"`{address}` is not the address of an API server" in capsys.readouterr().err


@pytest.mark.parametrize("token", ["two words", "token\r", "token\n", "토큰"])
def test_what_can_be_no_token_is_told(run: Run, token: str) -> None:
    said = run("dags", "list", token=token)
    assert (said.code, "the token holds a character that no token has" in said.err) == (1, True)
    assert "WINDWARD_TOKEN" in said.err


def test_what_speaks_no_http_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(10)

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"\x1b[2Jhello\x00\n")
                connection.recv(65_536)

        thread = threading.Thread(target=answer)
        thread.start()
        words = ["--server", f"http://127.0.0.1:{other.getsockname()[1]}", "dags", "list"]
        assert main(words, environ={"WINDWARD_TOKEN": "x"}) == 1
        thread.join()
    said = capsys.readouterr().err
    assert "what answers there does not speak HTTP" in said
    assert "hello" not in said


WRONG_PLACES = (
    ("dags", "list"),
    ("pools", "set", "p", "1"),
    ("variables", "set", "k", "v"),
    ("users", "list"),
)


@pytest.mark.parametrize("words", WRONG_PLACES, ids=" ".join)
@pytest.mark.parametrize("behind", ["/foo", "/api/v2", "/docs/"])
def test_a_place_of_the_server_that_is_not_its_address_is_told(
    address: str, words: tuple[str, ...], behind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--server", address + behind, *words], environ={"WINDWARD_TOKEN": "x"}) == 1
    said = capsys.readouterr().err
    assert said.startswith(
        f"error: what answers at {(address + behind).rstrip('/')} is not a Windward API server\n"
    )
    assert "hint: Give its address as `http://HOST:PORT`" in said


@pytest.mark.parametrize("words", WRONG_PLACES, ids=" ".join)
@pytest.mark.parametrize("status", [200, 301, 400, 401, 404, 501])
def test_the_words_of_another_server_are_not_repeated(
    words: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE HTML>\n<p>hello</p>\n")

        def do_POST(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{other.server_port}"
        code = main(["--server", url, *words], environ={"WINDWARD_TOKEN": "x"})
        other.shutdown()
        thread.join()
    said = capsys.readouterr().err
    assert code == 1
    assert said.startswith(f"error: what answers at {url} is not a Windward API server\n")
    assert "hello" not in said


def test_the_version_is_the_servers_and_needs_no_token(run: Run) -> None:
    import windward

    assert run("version", token="").out.strip() == windward.__version__


def test_components_are_checked(run: Run, store: SqlStore) -> None:
    assert run("jobs", "check").code == 1
    store.hosts.beat_component("scheduler", "here", hostname="here", pid=1, now=NOW)
    assert run("jobs", "check", "--job-type", "SchedulerJob").code == 0
    assert run("providers", "list", "-o", "json").rows[0]["package_name"].endswith("http")


def test_a_remote_command_loads_neither_database_nor_settings() -> None:
    probe = (
        "import sys; from windward.cli.main import main; "
        "main(['--server', 'http://127.0.0.1:1', 'dags', 'list'], environ={'WINDWARD_TOKEN': 'x'}); "
        "print([name for name in sys.modules if name.startswith(('sqlalchemy', 'windward.store', 'windward.settings', 'starlette'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_remote_command_loads_the_database_or_the_server() -> None:
    places = sorted({f"windward.cli.remote.{place.partition('.')[0]}" for place in REMOTE.values()})
    probe = (
        f"import sys, importlib; [importlib.import_module(name) for name in {places}]; "
        "print([name for name in sys.modules if name.startswith(('sqlalchemy', 'windward.store', 'windward.api', 'starlette'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_page_lists_every_command_that_can_be_asked_of_a_server() -> None:
    page = tree.texts()["docs/api/installation.md"]
    for command in REMOTE:
        group, _, name = command.partition(" ")
        line = next((line for line in page.splitlines() if line.startswith(f"| `{group}` |")), "| others | ")
        shown = f"`{name}`" if "others" not in line else f"`{command}`"
        assert shown in line or shown in page.partition("| others |")[2], command
