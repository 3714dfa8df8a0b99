"""What is kept, changed by the command line: the same words, and the same outcome, of the database and of a server."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.api.asked_twice import FAR, NEAR, Both, Run, address, both, local, run, variables  # fixtures
from tests.api.conftest import NOW, Client
from windward.model.records import HostRecord
from windward.store.sql.open import SqlStore

__all__ = ["address", "both", "local", "run", "variables"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("form", ["json", "yaml", "env"])
def test_variables_go_into_files_and_come_back_alike(both: Both, local: Run, home: Path, form: str) -> None:
    local("variables", "set", "region", "north", "--description", "where")
    local("variables", "set", "sizes", '{"a": 1}')
    assert "exported 2 variables" in both("variables", "export", str(home / f"{{n}}.{form}")).err
    assert (home / f"{NEAR}.{form}").read_text() == (home / f"{FAR}.{form}").read_text()
    both("variables", "export", "-")

    for name in (NEAR, FAR):
        given = {f"{name}_a/b": "1", f"{name}_c": {"value": [1], "description": "d"}, f"{name}_d": {"x": "y"}}
        lines = [f"{key}={value}" for key, value in given.items()]
        (home / f"{name}_in.{form}").write_text("\n".join(lines) if form == "env" else json.dumps(given))
    file = str(home / f"{{n}}_in.{form}")
    assert "imported 3 of 3" in both("variables", "import", file).err
    assert both("variables", "import", file, "-a", "fail").code == 1
    assert "imported 0 of 3" in both("variables", "import", file, "-a", "skip").err
    assert "imported 3 of 3" in both("variables", "import", file).err
    for key in ("{n}_a/b", "{n}_c", "{n}_d"):
        assert both("variables", "get", key).code == 0
    rows = local("variables", "list", "-o", "json").rows
    described = {row["key"]: row["description"] for row in rows}
    assert described[f"{NEAR}_c"] == described[f"{FAR}_c"]
    assert "Did you mean" in both("variables", "get", "{n}_cc").err


def test_secrets_of_variables_stay_where_they_are(run: Run, local: Run, home: Path, store: SqlStore) -> None:
    local("variables", "set", "api_key", "tell-nobody")
    file = home / "all.json"

    said = run("variables", "export", str(file))

    assert "1 of them hold `***`" in said.err
    assert "tell-nobody" not in file.read_text()
    assert run("variables", "import", str(file)).code == 0
    assert store.secrets.get_variable("api_key") == "tell-nobody"


def test_a_host_is_drained_alike(both: Both, store: SqlStore) -> None:
    for name in (NEAR, FAR):
        store.hosts.beat_host(
            HostRecord(
                host_id=name, hostname="far", pid=7, queues=("default",), capacity=4,
                lease_until=NOW + timedelta(seconds=20),
            )
        )  # fmt: skip
    assert "is_draining" in both("jobs", "hosts").out
    assert both("jobs", "drain", "{n}").err == f"host `{NEAR}` is given nothing new\n"
    assert [host.is_draining for host in store.hosts.load_hosts()] == [True, True]
    assert both("jobs", "undrain", "{n}").err == f"host `{NEAR}` works again\n"
    assert both("jobs", "drain", "{n}_no").code == 1


def test_pools_go_into_files_and_come_back_alike(both: Both, home: Path) -> None:
    for name in (NEAR, FAR):
        pools = {
            f"{name}a": {"slots": 3, "description": "d", "include_deferred": True},
            f"{name}b": {"slots": -1},
        }
        (home / f"{name}.json").write_text(json.dumps(pools))
        (home / f"{name}_no.json").write_text(json.dumps({f"{name}x": {"slots": "many"}}))
    assert both("pools", "import", str(home / "{n}.json")).err == "imported 2 pools\n"
    assert both("pools", "import", str(home / "{n}.json")).err == "imported 2 pools\n"
    assert both("pools", "import", str(home / "{n}_no.json")).code == 1
    for name in ("{n}a", "{n}b", "{n}"):
        both("pools", "get", name, "-o", "json")
    assert "exported 5 pools" in both("pools", "export", str(home / "{n}_out.yaml")).err
    assert (home / f"{NEAR}_out.yaml").read_text() == (home / f"{FAR}_out.yaml").read_text()


def test_connections_are_imported_and_added_alike(both: Both, home: Path, store: SqlStore) -> None:
    for name in (NEAR, FAR):
        given = {
            f"{name}_uri": "postgres://me:tell-nobody@db:5432/orders?a=b",
            f"{name}_fields": {"conn_type": "http", "host": "shop", "extra": {"x": 1}},
        }
        (home / f"{name}.yaml").write_text(json.dumps(given))
        (home / f"{name}_no.json").write_text(json.dumps({f"{name}_bad": {"host": "x"}}))
    file = str(home / "{n}.yaml")
    assert both("connections", "import", file).err == "imported 2 of 2 connections\n"
    assert "imported 0 of 2" in both("connections", "import", file).err
    assert "imported 2 of 2" in both("connections", "import", file, "--overwrite").err
    assert both("connections", "import", str(home / "{n}_no.json")).code == 1
    for kind in ("uri", "fields"):
        here, there = (store.secrets.get_connection(f"{name}_{kind}") for name in (NEAR, FAR))
        assert here == there is not None
        both("connections", "get", f"{{n}}_{kind}", "-o", "json")
    add = ("connections", "add", "{n}_one")
    assert both(*add).code == 1
    assert both(*add, "--conn-uri", "x://h", "--conn-type", "http").code == 1
    assert both(*add, "--conn-json", "{no").code == 1
    assert both(*add, "--conn-type", "http", "--conn-extra", "no").code == 1
    assert both(*add, "--conn-type", "http", "--conn-port", "80", "--conn-extra", '{"a": 1}').code == 0
    assert "exists already" in both(*add, "--conn-type", "http").err
    assert "Did you mean" in both("connections", "get", "{n}_on").err


def test_users_are_administered_alike(both: Both, home: Path) -> None:
    name = ("-u", "{n}")
    made = (
        "users",
        "create",
        *name,
        "-e",
        "{n}@x.test",
        "-f",
        "A",
        "-l",
        "B",
        "-r",
        "Op",
        "-p",
        "long enough",
    )
    assert both(*made).code == 0
    assert both(*made).code == 1
    assert both("users", "create", "-u", "{n} {n}", "-p", "long enough").code == 1
    assert both("users", "create", "-u", "{n}2", "-p", "short").code == 1
    assert both("users", "create", "-u", "{n}2", "-p", "long enough", "-r", "nobody").code == 1
    for words in (
        ("add-role", "-r", "Viewer"), ("remove-role", "-r", "op"), ("grant", "run:create@dag:{n}", "dag:read"),
        ("revoke", "dag:read"), ("disable",), ("enable",), ("reset-password", "-p", "another one"),
        ("end-sessions",),
    ):  # fmt: skip
        assert both("users", words[0], *name, *words[1:]).code == 0
        both("users", words[0], "-e", "{n}@X.test", *words[1:])
        assert both("users", words[0], "-u", "{n}nobody", *words[1:]).code == 1
        assert both("users", words[0], "-e", "nobody", *words[1:]).code == 1
    assert both("users", "grant", *name, "no:thing").code == 1
    assert both("users", "revoke", *name, "dag:read@where").code == 1

    for one in (NEAR, FAR):
        users = [
            {"username": f"{one}_new", "roles": ["Viewer"], "is_active": False},
            {"username": one, "roles": ["op"], "grants": [f"run:read@dag:{one}"]},
        ]
        (home / f"{one}.json").write_text(json.dumps(users))
    assert "imported 2 users, 1 of them new" in both("users", "import", str(home / "{n}.json")).err
    rows = {row["username"]: row for row in both("users", "list", "-o", "json").rows}
    for one in ("", "_new"):
        here, there = (json.dumps(rows[f"{who}{one}"]).replace(FAR, NEAR) for who in (NEAR, FAR))
        assert here == there
    assert not rows[f"{NEAR}_new"]["is_active"]
    both("users", "export", "-")
    assert both("users", "delete", *name).err == f"deleted user {NEAR}\n"
    assert both("users", "delete", *name).code == 1
    assert "last administrator" in both("users", "disable", "-u", "admin").err


def test_a_password_that_was_made_is_shown_once(run: Run) -> None:
    made = run("users", "create", "-u", "ada", "--use-random-password").err
    again = run("users", "reset-password", "-u", "ada", "--use-random-password").err
    assert "(shown once)" in made
    assert "(shown once)" in again
    assert made not in again
    assert "there is no password" in run("users", "create", "-u", "bob").err


def test_roles_are_administered_alike(both: Both, home: Path) -> None:
    assert both("roles", "create", "{n}a", "{n}b").code == 0
    assert both("roles", "create", "{n}a").code == 1
    assert both("roles", "create", "admin").code == 1
    perms = ("-r", "run", "task_instance", "-a", "can_read", "edit")
    assert "permits 4 things" in both("roles", "add-perms", "{n}a", *perms).err
    assert (
        "permits 6 things"
        in both("roles", "add-perms", "{n}a", "-r", "dag", "-a", "read", "edit", "--dag", "{n}").err
    )
    assert "permits 5 things" in both("roles", "del-perms", "{n}a", "-r", "run", "-a", "edit").err
    assert both("roles", "add-perms", "{n}a", "{n}no", *perms).code == 1
    assert both("roles", "add-perms", "viewer", *perms).code == 1
    assert both("roles", "add-perms", "{n}a", "-r", "no", "-a", "edit").code == 1
    for name in (NEAR, FAR):
        roles = [{"name": f"{name}a", "permissions": ["dag:read"]}, {"name": f"{name}c", "permissions": []}]
        (home / f"{name}.json").write_text(json.dumps(roles))
    assert both("roles", "import", str(home / "{n}.json")).err == "imported 2 roles\n"
    both("roles", "list", "-o", "json")
    both("roles", "list", "-p", "-o", "json")
    both("roles", "export", "-")
    assert both("roles", "delete", "{n}a", "{n}b", "{n}c").code == 0
    assert both("roles", "delete", "{n}a").code == 1


def test_tokens_are_listed_and_deleted_alike(both: Both, local: Run, run: Run) -> None:
    for name in (NEAR, FAR):
        local("users", "create", "-u", name, "-p", "long enough")
        local("tokens", "create", "-u", name, "ci", "--scope", "dag:read")
    for user in (NEAR, FAR, "admin"):
        [token] = both("tokens", "list", "-u", user, "-o", "json").rows
        both("tokens", "list", "-u", user)
        if user != "admin":
            delete = {NEAR: local, FAR: run}[user]
            assert delete("tokens", "delete", "-u", user, token["token_id"]).code == 0
            assert both("tokens", "list", "-u", user, "-o", "json").rows == []
    assert both("tokens", "delete", "-u", "{n}", "no").code == 1
    assert both("tokens", "list", "-u", "{n}no").code == 1


def test_tokens_are_made_for_oneself_by_whoever_signed_in(run: Run, client: Client) -> None:
    who = {"username": "admin", "password": client.password}
    jwt = client.ask("POST", "/auth/token", who).json["access_token"]

    made = run("tokens", "create", "-u", "admin", "ci", "--days", "2", "--scope", "dag:read", token=jwt)

    assert "it is shown once" in made.err
    [token_id] = [
        one["token_id"]
        for one in run("tokens", "list", "-u", "Admin", "-o", "json").rows
        if one["name"] == "ci"
    ]
    assert run("dags", "list", token=made.out.strip()).code == 0
    assert run("pools", "list", token=made.out.strip()).code == 1
    assert run("tokens", "create", "-u", "admin", "x", "--scope", "no", token=jwt).code == 1
    assert run("tokens", "delete", "-u", "admin", token_id, token=jwt).err == f"deleted token {token_id}\n"
    assert "makes no token for a token" in run("tokens", "create", "-u", "admin", "x").err
    assert "for whoever asks" in run("tokens", "create", "-u", "nobody", "x", token=jwt).err
    [own] = [one["token_id"] for one in run("tokens", "list", "-u", "admin", "-o", "json").rows]
    assert run("tokens", "delete", "-u", "admin", own).code == 0


def test_settings_that_are_not_shown_say_what_to_do(run: Run) -> None:
    for words in (("list",), ("get-value", "core", "parallelism")):
        said = run("config", *words)
        assert said.code == 1
        assert "Set it to `true` where the server runs" in said.err


@pytest.mark.parametrize(
    "variables", [{"WINDWARD__API__EXPOSE_CONFIG": "true", "WINDWARD__CORE__PARALLELISM": "7"}]
)
def test_settings_are_shown_alike(both: Both, local: Run, run: Run, variables: dict[str, str]) -> None:
    del variables
    for words in (
        (),
        ("--section", "core"),
        ("--section", "api", "--include-descriptions", "--include-env-vars"),
    ):
        assert "parallelism" in both("config", "list", *words).out or "api" in words
    assert both("config", "list", "--section", "cor").code == 1
    here, there = (asked("config", "list", "-o", "json").rows for asked in (local, run))
    assert there == [{name: row[name] for name in row if name != "origin"} for row in here]
    for place in (("core", "parallelism"), ("api", "port"), ("core", "no"), ("webserver", "expose_config")):
        both("config", "get-value", *place)
    assert both("config", "get-value", "core", "parallelism").out == "7\n"
    assert "which is secret" in run("config", "get-value", "api", "secret_key").err
    for flag in ("--origin", "--defaults", "--changed", "--show-values"):
        assert "cannot be asked of a server" in run("config", "list", flag).err
