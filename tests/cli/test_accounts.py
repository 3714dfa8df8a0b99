"""`windward users`, `roles` and `tokens`, and what the audit log says of commands."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests import databases
from tests.cli.commands import all_commands, parsers
from tests.cli.conftest import NOW, CountingWakeup, Installation, StandingClock
from windward.app.process import component_name
from windward.app.session import Session
from windward.cli.catalogue import WRITES
from windward.core.accounts import digest_of
from windward.model.accounts import AuditEvent
from windward.store.sql.open import SqlStore, open_store

READS = {
    "assets": {"details", "list"}, "backfill": {"list", "show"}, "config": {"get-value", "list"},
    "connections": {"export", "get", "list", "test"}, "db": {"check", "check-migrations", "export-archived", "shell"},
    "dags": {"details", "explain", "list", "list-import-errors", "list-runs", "list-sla-misses", "next-execution",
             "report", "show", "state", "test"},
    "deadlines": {"list"}, "hitl": {"list", "show"}, "jobs": {"check", "hosts"}, "pools": {"export", "get", "list"},
    "providers": {"list"}, "recovery": {"list"}, "roles": {"export", "list"}, "state-store": {"list", "list-assets"},
    "tasks": {"explain", "list", "logs", "render", "state", "states-for-dag-run", "test"}, "tokens": {"list"},
    "users": {"export", "list"}, "variables": {"export", "get", "list"}, "worker": {"host"},
}  # fmt: skip
"""Commands that change nothing that others see. Whoever adds one decides."""


@pytest.fixture
def installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    url = databases.with_tables(tmp_path / "w.db")
    store = open_store(url, fernet_keys=[Fernet.generate_key().decode()])
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("LOGNAME", "ada")
    wakeup = CountingWakeup()

    def session(environ: Mapping[str, str]) -> Session:
        return Session(
            environ,
            clock=StandingClock(),
            open_store=lambda _settings: _Kept(store),
            open_wakeup=lambda _settings, _store: wakeup,
        )

    yield Installation(
        home=tmp_path / "home", store=store, capture=capsys, open_session=session, wakeup=wakeup
    )
    store.close()


class _Kept(SqlStore):
    """A store that outlives the session that closes it."""

    def __init__(self, store: SqlStore) -> None:
        self.__dict__.update(store.__dict__)

    def close(self) -> None:
        pass


def events(installed: Installation) -> list[AuditEvent]:
    from windward.model.access import DagReach
    from windward.ports.listings.events import EventFilter
    from windward.ports.listings.page import PageRequest

    store = installed.store
    assert isinstance(store, SqlStore)
    rows = store.listings.events.list(PageRequest(), EventFilter(), reach=DagReach(is_all=True)).rows
    return [row.event for row in rows]


@pytest.fixture
def bob(installed: Installation) -> Installation:
    said = installed.run(
        "users",
        "create",
        "-u",
        "bob",
        "-e",
        "bob@shop.test",
        "-f",
        "Bob",
        "-l",
        "B",
        "-r",
        "Op",
        "-p",
        "a long password",
    )
    assert said.code == 0, said.err
    return installed


def shown(installed: Installation, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(installed.run(*words, "-o", "json").out)
    return found


def test_a_user_is_made_with_airflows_arguments(bob: Installation) -> None:
    (user,) = shown(bob, "users", "list")
    assert (user["username"], user["roles"], user["first_name"]) == ("bob", ["op"], "Bob")


def test_a_random_password_is_printed_once(installed: Installation) -> None:
    said = installed.run("users", "create", "-u", "eve", "--use-random-password", "-r", "Admin")
    found = re.search(r"password (\S+) \(shown once\)", said.err)
    assert found is not None
    assert found.group(1) not in json.dumps([event.extra for event in events(installed)])
    assert installed.run("users", "create", "-u", "mia").code == 1  # nobody can be asked here


def test_roles_are_given_and_taken_by_name_or_address(bob: Installation) -> None:
    assert bob.run("users", "add-role", "-e", "BOB@shop.test", "-r", "Viewer").code == 0
    assert bob.run("users", "remove-role", "-u", "bob", "-r", "op").code == 0
    assert shown(bob, "users", "list")[0]["roles"] == ["viewer"]
    assert bob.run("users", "remove-role", "-u", "bob", "-r", "op").code == 1
    assert bob.run("users", "add-role", "-u", "bob", "-r", "nothing").code == 1
    assert bob.run("users", "add-role", "-e", "nobody@shop.test", "-r", "op").code == 1


def test_the_last_administrator_stays(bob: Installation) -> None:
    bob.run("users", "add-role", "-u", "bob", "-r", "admin")
    # Others are no administrators, or cannot come in: neither could put it right.
    bob.run("users", "create", "-u", "vera", "-p", "correct horse")
    bob.run("users", "create", "-u", "eve", "-p", "correct horse", "-r", "admin")
    bob.run("users", "disable", "-u", "eve")
    for words in (("delete",), ("disable",), ("remove-role", "-r", "admin")):
        said = bob.run("users", *words[:1], "-u", "bob", *words[1:])
        assert "last administrator" in said.err


def test_roles_of_ones_own_permit_what_they_are_told(installed: Installation) -> None:
    assert installed.run("roles", "create", "seller").code == 0
    words = ("seller", "-r", "run", "task_instance", "-a", "can_read", "create")
    assert installed.run("roles", "add-perms", *words, "--dag", "sales").code == 0
    assert (
        installed.run(
            "roles", "del-perms", "seller", "-r", "task_instance", "-a", "create", "--dag", "sales"
        ).code
        == 0
    )
    (seller,) = (role for role in shown(installed, "roles", "list", "-p") if role["name"] == "seller")
    assert seller["permissions"] == [
        "run:create@dag:sales",
        "run:read@dag:sales",
        "task_instance:read@dag:sales",
    ]
    assert installed.run("roles", "add-perms", "op", "-r", "run", "-a", "read").code == 1
    assert installed.run("roles", "add-perms", "seller", "-r", "pool", "-a", "read", "--dag", "x").code == 1
    assert installed.run("roles", "delete", "seller").code == 0
    assert installed.run("roles", "delete", "seller").code == 1


def test_users_and_roles_go_into_files_and_come_back(bob: Installation, tmp_path: Path) -> None:
    users, roles = str(tmp_path / "users.json"), str(tmp_path / "roles.yaml")
    bob.run("roles", "create", "seller")
    bob.run("roles", "add-perms", "seller", "-r", "run", "-a", "read", "--tag", "shop")
    bob.run("users", "grant", "-u", "bob", "dag:read@dag:sales")
    before = (shown(bob, "users", "list"), shown(bob, "roles", "list", "-p"))
    assert bob.run("users", "export", users).code == bob.run("roles", "export", roles).code == 0
    bob.run("users", "delete", "-u", "bob")
    bob.run("roles", "delete", "seller")
    assert bob.run("roles", "import", roles).code == bob.run("users", "import", users).code == 0
    assert (shown(bob, "users", "list"), shown(bob, "roles", "list", "-p")) == before
    (tmp_path / "users.json").write_text('[{"username": "x", "colour": 1}]')
    assert bob.run("users", "import", users).code == 1


@pytest.mark.parametrize("wrong", [{"username": "bad name!"}, {"username": "ada", "roles": ["nothing"]}])
def test_a_file_of_users_with_a_mistake_changes_nothing(
    bob: Installation, tmp_path: Path, wrong: dict[str, object]
) -> None:
    file = tmp_path / "users.json"
    file.write_text(json.dumps([{"username": "eve"}, {"username": "bob", "roles": []}, wrong]))
    before = shown(bob, "users", "list")
    assert bob.run("users", "import", str(file)).code == 1
    assert shown(bob, "users", "list") == before


def test_a_link_and_a_token_are_printed_and_kept_as_digests(bob: Installation) -> None:
    store = bob.store
    assert isinstance(store, SqlStore)
    link = bob.run("users", "login-link", "-u", "bob").out.strip()
    ticket = link.partition("ticket=")[2]
    assert store.accounts.take_ticket(digest_of(ticket), now=NOW) is not None
    token = bob.run("tokens", "create", "-u", "bob", "ci", "--scope", "dag:read", "--days", "1").out.strip()
    found = store.accounts.token_by_digest(digest_of(token))
    assert found is not None
    assert shown(bob, "tokens", "list", "-u", "bob")[0]["scopes"] == ["dag:read"]
    assert bob.run("tokens", "delete", "-u", "bob", found.token_id).code == 0
    assert bob.run("tokens", "delete", "-u", "bob", found.token_id).code == 1


def test_a_link_leads_to_the_server_that_runs_on_this_machine(bob: Installation) -> None:
    def base(**environ: str) -> str:
        return bob.run("users", "login-link", "-u", "bob", **environ).out.partition("/login/")[0]

    def beat(port: int, *, hostname: str = component_name()) -> None:
        name = f"{hostname}:{port}"
        bob.store.hosts.beat_component("api-server", name, hostname=hostname, pid=1, now=NOW)

    assert base() == "http://127.0.0.1:8080"
    beat(9001, hostname="elsewhere")
    assert base() == "http://127.0.0.1:8080"
    beat(9002)
    assert base() == "http://127.0.0.1:9002"
    beat(8080)
    assert base() == "http://127.0.0.1:8080"
    assert base(WINDWARD__API__BASE_URL="https://windward.example/") == "https://windward.example"


def test_what_commands_change_is_written_down_without_secrets(bob: Installation) -> None:
    bob.run("variables", "set", "key", "sesame")
    bob.run("connections", "add", "db", "--conn-uri", "mysql://ada:sesame@host/x")
    bob.run("pools", "delete", "nothing")
    bob.run("dags", "pause", "no_such_dag")
    bob.run("tasks", "mark", "no_such_dag", "load", "first", "--state", "failed")
    bob.run("pools", "list")
    lines = events(bob)
    assert [(one.event, one.status) for one in lines] == [
        ("cli_users_create", 200),
        ("cli_variables_set", 200),
        ("cli_connections_add", 200),
        ("cli_pools_delete", 400),
        ("cli_dags_pause", 400),
        ("cli_tasks_mark", 400),
    ]
    assert {one.owner for one in lines} == {"ada"}
    assert lines[-1].dag_id == "no_such_dag"
    assert json.loads(lines[0].extra)["changes"][0]["after"]["roles"] == ["op"]
    said = "".join(one.extra for one in lines)
    assert "sesame" not in said
    assert "a long password" not in said


def test_no_flag_takes_the_place_of_the_words_that_name_its_command() -> None:
    for command, parser in parsers().items():
        flags = {action.dest for action in parser._actions}
        assert flags.isdisjoint({"group", "command", "execute", "parser"}), command


def test_every_command_is_known_to_change_something_or_nothing() -> None:
    reads = {f"{group} {name}" for group, names in READS.items() for name in names}
    alone = {"standalone", "scheduler", "processor", "api-server", "triggerer", "info", "version"}
    assert not reads & WRITES
    assert all_commands() == reads | WRITES | alone
