"""The entry point: start-up, help of every command, exit codes, errors, and who may be asked."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.commands import whole_parser
from tests.cli.conftest import Installation, finished_run
from windward.app.session import Session
from windward.cli.catalogue import group_named
from windward.cli.main import main
from windward.core.paths import log_path
from windward.logs.local import LocalLogStore
from windward.logs.records import encode_line

HEAVY = (
    "sqlalchemy",
    "alembic",
    "rich",
    "rich_argparse",
    "msgspec",
    "jinja2",
    "starlette",
    "yaml",
    "pendulum",
)


def leaves(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words
    for action in below:
        for name, child in action.choices.items():
            yield from leaves(child, (*words, name))


COMMANDS = sorted(leaves(whole_parser()))


def test_there_are_the_commands_that_people_know() -> None:
    known = {" ".join(words) for words in COMMANDS}
    assert known >= {
        "standalone", "scheduler", "processor", "dag-processor", "api-server", "worker host", "version", "info",
        "dags list", "dags details", "dags list-runs", "dags trigger", "dags pause", "dags unpause", "dags state",
        "dags show", "dags next-execution", "dags list-import-errors", "dags delete", "dags reserialize",
        "dags report", "dags test", "dags explain", "tasks list", "tasks states-for-dag-run", "tasks state",
        "tasks clear", "tasks mark", "tasks render", "tasks test", "tasks logs", "db migrate", "db check", "db reset", "db clean",
        "db shell", "db check-migrations", "variables list", "variables get", "variables set", "variables delete",
        "variables import", "variables export", "connections list", "connections get", "connections add",
        "connections delete", "connections import", "connections export", "pools list", "pools get", "pools set",
        "pools delete", "pools import", "pools export", "config list", "config get-value", "providers list",
        "jobs check", "backfill create",
    }  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"], environ={}) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"usage: windward {group_named(words[0])}")
    assert said.err == ""


@pytest.mark.parametrize(
    "words", [["--help"], ["dags", "--help"], ["dags", "trigger", "--help"], ["version"]]
)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys, json\n"
        "from windward.cli.main import main\n"
        f"code = main({words!r})\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert not set(modules) & set(HEAVY)


def windward(*words: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program."""
    program = Path(sys.executable).with_name("windward")
    return subprocess.run(
        [str(program), *words],
        env={"PATH": os.environ["PATH"], "WINDWARD_HOME": str(home), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installed_program_works_on_a_fresh_home(tmp_path: Path) -> None:
    assert windward("db", "migrate", home=tmp_path).returncode == 0
    done = windward("pools", "list", "-o", "json", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [pool["pool"] for pool in json.loads(done.stdout)] == ["default_pool"]
    done = windward("pools", "get", "x", home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no pool `x`\n\nhint: ")


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = Path(sys.executable).with_name("windward")
    done = subprocess.run(
        [str(program), "config", "list"],
        env={"WINDWARD_HOME": str(tmp_path)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "words", [["dags"], ["nothing"], ["dags", "list", "-o", "xml"], ["dags", "list", "more"], []]
)
def test_a_command_line_that_cannot_be_understood_exits_with_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words, environ={}) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "words", [["--token", "s3cret"], ["--token=s3cret"], ["--server", "u", "--token", "s3cret"]]
)
def test_the_value_of_an_unknown_option_is_not_taken_for_a_command_and_not_shown(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "dags", "list"], environ={}) == 2
    said = capsys.readouterr().err
    assert "`windward` does not know `--token`" in said
    assert "s3cret" not in said


def test_settings_that_cannot_be_used_are_an_error_and_no_traceback(installation: Installation) -> None:
    said = installation.run("config", "get-value", "core", "parallelism", WINDWARD__CORE__PARALELISM="3")
    assert said.code == 1
    assert said.err == (
        "error: unknown setting `[core] paralelism` (from `WINDWARD__CORE__PARALELISM`)\n\n"
        "hint: Did you mean `[core] parallelism`? `windward config list` shows every key.\n"
    )


def test_an_error_of_our_own_is_short_and_with_verbose_shows_where(
    installation: Installation,
) -> None:
    broken = replace(installation, open_session=_raise)
    said = broken.run("dags", "list")
    assert said.code == 1
    assert said.err.startswith("error: RuntimeError: planted\n\nhint: ")
    assert "Traceback" in broken.run("dags", "list", "--verbose").err


def _raise(environ: Mapping[str, str]) -> Session:
    raise RuntimeError("planted")


def test_origins_tell_the_file_from_the_environment(installation: Installation) -> None:
    installation.home.mkdir()
    (installation.home / "windward.toml").write_text("[core]\nparallelism = 7\nmax_map_length = 5\n")
    said = installation.run(
        "config",
        "list",
        "--changed",
        "-o",
        "json",
        WINDWARD__CORE__PARALLELISM="9",
        AIRFLOW__CORE__DAG_CONCURRENCY="3",
    )
    origins = {row["key"]: (row["value"], row["origin"]) for row in json.loads(said.out)}
    assert origins == {
        "parallelism": (9, "WINDWARD__CORE__PARALLELISM"),
        "max_map_length": (5, f"{installation.home}/windward.toml"),
        "max_active_tasks_per_dag": (3, "AIRFLOW__CORE__DAG_CONCURRENCY"),
    }
    assert said.err.startswith(
        "warning: AIRFLOW__CORE__DAG_CONCURRENCY: `[core] dag_concurrency` is a name of older"
    )


def test_the_listed_settings_are_a_settings_file(installation: Installation) -> None:
    before = installation.run("config", "list", "--show-values").out
    installation.home.mkdir()
    (installation.home / "windward.toml").write_text(before)

    assert installation.run("config", "list", "--show-values").out == before
    written = [line for line in before.splitlines() if " = " in line]
    changed = json.loads(installation.run("config", "list", "--changed", "-o", "json").out)
    # A secret that is set to nothing is not set: there is none, or it is made at first start.
    empty = {"fernet_key", "secret_key", "backend_kwargs", "secrets_backend_kwargs", "oidc_client_secret"}
    assert len(changed) == len(written) - len(empty)
    assert {row["key"] for row in changed}.isdisjoint(empty)


def test_a_variable_of_the_environment_wins_over_a_stored_one(installation: Installation) -> None:
    installation.run("variables", "set", "colour", "stored")
    assert installation.run("variables", "get", "colour", AIRFLOW_VAR_COLOUR="given").out == "given\n"
    assert installation.run("variables", "get", "colour").out == "stored\n"


def test_credentials_in_a_host_are_shown_only_where_values_are_asked_for(installation: Installation) -> None:
    installation.run("connections", "add", "c", "--conn-type", "http", "--conn-host", "http://u:sesame@h")
    assert "sesame" not in installation.run("connections", "list", "-o", "json").out
    assert "sesame" not in installation.run("connections", "get", "c").out
    assert "http://u:sesame@h" in installation.run("connections", "get", "c", "--show-values").out


@pytest.mark.parametrize("name", ["all.json", "all.yaml", "all.env"])
def test_what_is_exported_is_imported_again(name: str, installation: Installation, tmp_path: Path) -> None:
    installation.run("variables", "set", "plain", "blue sky")
    installation.run("variables", "set", "object", '{"a": [1, null]}')
    installation.run("connections", "add", "shop", "--conn-uri", "postgres://ada:p%40ss@h:1/s?x=1&y=a%20b")
    file = str(tmp_path / name)
    for group, listing in (("variables", ["--show-values"]), ("connections", ["--show-values"])):
        before = installation.run(group, "list", *listing, "-o", "json").out
        assert installation.run(group, "export", file).code == 0
        assert Path(file).stat().st_mode & 0o077 == 0
        for row in json.loads(before):
            installation.run(group, "delete", row.get("key") or row["conn_id"])
        assert json.loads(installation.run(group, "list", "-o", "json").out) == []

        assert installation.run(group, "import", file).code == 0

        assert installation.run(group, "list", *listing, "-o", "json").out == before
        Path(file).unlink()


def test_an_import_may_overwrite_skip_or_fail(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "v.json"
    file.write_text('{"a": {"value": "new", "description": "d"}, "b": {"deep": 1}}')
    installation.run("variables", "set", "a", "old")

    failed = installation.run("variables", "import", str(file), "-a", "fail")
    assert (failed.code, installation.run("variables", "get", "b").code) == (1, 1)
    assert (
        installation.run("variables", "import", str(file), "-a", "skip").err == "imported 1 of 2 variables\n"
    )
    assert installation.run("variables", "get", "a").out == "old\n"
    assert installation.run("variables", "import", str(file)).code == 0
    assert installation.run("variables", "get", "a").out == "new\n"
    assert installation.run("variables", "get", "b").out == '{"deep": 1}\n'


def test_pools_are_imported_whole_or_not_at_all(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('{"good": {"slots": 2}, "bad": {"slots": "many"}}')
    assert installation.run("pools", "import", str(file)).code == 1
    assert installation.run("pools", "get", "good").code == 1
    file.write_text('{"good": {"slots": 2, "include_deferred": true}}')
    assert installation.run("pools", "import", str(file)).code == 0
    assert (
        json.loads(installation.run("pools", "get", "good", "-o", "json").out)[0]["include_deferred"] is True
    )


def test_info_masks_the_password_of_the_database(installation: Installation) -> None:
    url = "postgresql://ada:sesame@h/d?password=sesame"
    said = installation.run("info", WINDWARD__DATABASE__SQL_ALCHEMY_CONN=url)
    assert "postgresql+psycopg://ada:***@h/d?***" in said.out
    assert "sesame" not in said.out


def test_every_change_wakes_the_scheduler_once(installation: Installation) -> None:
    finished_run(installation.store)
    for words in (
        ["dags", "trigger", "orders"],
        ["dags", "pause", "orders"],
        ["tasks", "mark", "orders", "report", "first", "--state", "skipped"],
        ["tasks", "clear", "orders", "--only-failed", "--yes"],
        ["pools", "set", "p", "1"],
        ["dags", "delete", "orders", "--yes"],
    ):
        before = installation.wakeup.count
        assert installation.run(*words).code == 0
        assert installation.wakeup.count == before + 1, words


def test_a_change_is_a_note_on_the_feed(installation: Installation) -> None:
    notes = installation.store.runs.load_notes(after=0, limit=1000)
    newest = notes[-1].note_pk
    installation.run("dags", "trigger", "orders", "--run-id", "one")
    installation.run("dags", "pause", "orders")
    run = installation.store.runs.find_run("orders", run_id="one")
    assert run is not None
    said = [(note.kind, note.subject) for note in installation.store.runs.load_notes(after=newest, limit=10)]
    assert said == [("run", str(run.run_pk)), ("dag", "orders")]


def test_a_triggered_run_has_conf_note_and_person(installation: Installation) -> None:
    installation.run(
        "dags", "trigger", "orders", "--run-id", "one", "--conf", '{"limit": 2}', "--note", "why"
    )
    run = installation.store.runs.find_run("orders", run_id="one")
    assert run is not None
    assert (run.conf, run.note, run.triggered_by) == ({"limit": 2}, "why", "cli")
    assert run.triggering_user
    assert {task.task_id for task in installation.store.runs.load_tasks([run.run_pk])} == {
        "extract", "load_a", "load_b", "report",
    }  # fmt: skip


def test_a_log_is_printed_in_the_zone_of_the_dag_and_followed_to_its_end(installation: Installation) -> None:
    run = finished_run(installation.store)
    logs = LocalLogStore(installation.home / "logs")
    path = log_path("orders", run.run_id, "extract", -1, 1)
    line = encode_line(
        at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        level="info",
        event="hello",
        logger="x",
        source="task",
        fields={"n": 1},
    )
    logs.append(path, line)

    for more in ([], ["--follow"], ["--try-number", "1"]):
        said = installation.run("tasks", "logs", "orders", "extract", run.run_id, *more)
        assert (said.code, said.out) == (0, "2026-03-01 21:00:00.000+0900 INFO     hello n=1\n")
    assert installation.run("tasks", "logs", "orders", "extract", run.run_id, "--json").out == line.decode()
    assert installation.run("tasks", "logs", "orders", "extract", run.run_id, "--try-number", "2").code == 1
    assert "has no log" in installation.run("tasks", "logs", "orders", "load_a", run.run_id).err


def test_every_option_says_what_it_does() -> None:
    silent = []
    for words in COMMANDS:
        parser: argparse.ArgumentParser = whole_parser()
        for word in words:
            (below,) = (action for action in parser._actions if isinstance(action.choices, dict))
            assert isinstance(below.choices, dict)
            parser = below.choices[word]
        assert parser.description, words
        silent += [
            (*words, *action.option_strings)
            for action in parser._actions
            if action.option_strings and not action.help
        ]
    assert silent == []


def test_the_shell_completes_commands(tmp_path: Path) -> None:
    line = "windward dags tri"
    program = Path(sys.executable).with_name("windward")
    done = subprocess.run(
        ["bash", "-c", f"{program} 8>&1 9>/dev/null 1>/dev/null"],
        env={
            "PATH": os.environ["PATH"],
            "WINDWARD_HOME": str(tmp_path),
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "trigger"
