"""Settings from files and the environment: precedence, origins, and what a wrong one says."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.errors import SettingsError
from windward.settings import Key, Settings, all_keys, load
from windward.settings.airflow_env import CALLED, MOVED
from windward.settings.keys import ATTRIBUTES, CHOICES, LEAST, MOST, RENAMED, SECRETS

SOURCES = ("windward.toml", "AIRFLOW", "WINDWARD")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def write(home: Path, text: str, *, name: str = "windward.toml", mode: int = 0o600) -> None:
    home.mkdir(exist_ok=True)
    (home / name).write_text(text)
    (home / name).chmod(mode)


def value_of(settings: Settings, path: str) -> Any:
    key = all_keys()[path]
    return getattr(getattr(settings, ATTRIBUTES[key.section]), key.field)


def error_of(home: Path, environ: dict[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(environ, home=home)
    return caught.value


def test_without_a_file_every_key_has_its_default_and_says_so(home: Path) -> None:
    settings = load({}, home=home)

    assert settings.origins == dict.fromkeys(all_keys(), "default")
    assert settings.core.dags_folder == home / "dags"
    assert settings.logging.base_log_folder == home / "logs"
    assert settings.database.sql_alchemy_conn == f"sqlite:///{home}/windward.db"
    assert settings.core.parallelism == 32


def test_loading_writes_nothing(home: Path) -> None:
    load({}, home=home)
    assert not home.exists()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WINDWARD_HOME": "/srv/w", "HOME": "/people/ada"}, "/srv/w"),
        ({"WINDWARD_HOME": "~/w", "HOME": "/people/ada"}, "/people/ada/w"),
        ({"WINDWARD_HOME": "", "HOME": "/people/ada"}, "/people/ada/windward"),
        ({"HOME": "/people/ada"}, "/people/ada/windward"),
    ],
)
def test_the_home_is_named_by_the_environment(environ: dict[str, str], expected: str) -> None:
    assert load(environ).home == Path(expected)


@given(numbers=st.dictionaries(st.sampled_from(SOURCES), st.integers(1, 10_000)))
def test_the_strongest_source_wins_and_is_named(
    tmp_path_factory: pytest.TempPathFactory, numbers: dict[str, int]
) -> None:
    """Default < file < AIRFLOW__ < WINDWARD__, whichever of them are there."""
    home = tmp_path_factory.mktemp("home")
    if "windward.toml" in numbers:
        write(home, f"[core]\nparallelism = {numbers['windward.toml']}\n")
    environ = {
        f"{source}__CORE__PARALLELISM": str(numbers[source]) for source in SOURCES[1:] if source in numbers
    }

    settings = load(environ, home=home)

    strongest = max(numbers, key=SOURCES.index, default=None)
    names = {"windward.toml": str(home / "windward.toml"), None: "default"}
    assert settings.core.parallelism == (32 if strongest is None else numbers[strongest])
    assert settings.origins["core.parallelism"] == names.get(strongest, f"{strongest}__CORE__PARALLELISM")


def sample(key: Key) -> tuple[str, object]:
    """Return a text that is allowed and not the default, and the value it stands for."""
    special = {
        "core.fernet_key": "ZmVybmV0LWtleS1mb3ItdGVzdHMtb25seS0zMmJ5dGU=",
        "api.secret_key": "0123456789abcdef0123",
        "database.sql_alchemy_conn": "sqlite:////srv/other.db",
        "core.default_timezone": "Asia/Seoul",
        "api_auth.oidc_issuer": "https://id.example.org",
    }
    pairs = {
        "api.trusted_proxies": ("10.0.0.7", "10.1.0.0/16"),
        "api_auth.oidc_roles": ("data=op", "all=viewer"),
    }
    if key.path in special:
        return special[key.path], special[key.path]
    if key.path in pairs:
        return ", ".join(pairs[key.path]), pairs[key.path]
    if key.path in CHOICES:
        word = next(word for word in CHOICES[key.path] if word != key.default)
        return word, word
    if key.kind is bool:
        return str(not key.default), not key.default
    if key.kind in {int, float}:
        number = max(LEAST.get(key.path, 0), 7)
        return str(number), key.kind(number)
    if key.kind is Path:
        return "/srv/folder", Path("/srv/folder")
    return ("some text", "some text") if key.kind is str else ("one, two", ("one", "two"))


@pytest.mark.parametrize("path", sorted(all_keys()))
def test_every_key_can_be_set_by_its_variable(path: str, home: Path) -> None:
    key = all_keys()[path]
    text, expected = sample(key)

    settings = load({key.variable: text}, home=home)

    assert value_of(settings, path) == expected
    assert type(value_of(settings, path)) is type(expected) or isinstance(expected, Path)
    assert settings.origins[path] == key.variable


@pytest.mark.parametrize("path", sorted(set(all_keys()) - set(CHOICES) - {"core.default_timezone"}))
def test_a_key_with_a_type_refuses_what_is_none_of_it(path: str, home: Path) -> None:
    key = all_keys()[path]
    if key.kind not in {int, float, bool}:
        write(home, f"[{key.section}]\n{key.name} = 7\n")
        error = error_of(home, {})
        origin = str(home / "windward.toml")
    else:
        error = error_of(home, {key.variable: "many"})
        origin = key.variable

    assert f"`[{key.section}] {key.name}` cannot be " in error.message
    assert f"(from `{origin}`)" in error.message
    assert ("cannot be the given value" in error.message) == key.is_secret
    assert ("`many`" in error.message or "`7`" in error.message) != key.is_secret
    assert error.hint == f"Use {key.allowed}."


@pytest.mark.parametrize("path", sorted(set(CHOICES) - {"core.executor"}))
def test_a_key_with_few_words_lists_them_when_another_is_given(path: str, home: Path) -> None:
    error = error_of(home, {all_keys()[path].variable: "bogus"})
    assert all(f"`{word}`" in error.hint for word in CHOICES[path])


@pytest.mark.parametrize("bad", ["0", "-1", "1.5", "nan", "inf", "", "1e400"])
def test_a_limit_refuses_numbers_out_of_range(bad: str, home: Path) -> None:
    error = error_of(home, {"WINDWARD__CORE__PARALLELISM": bad})
    assert error.hint == "Use a whole number of at least 1."


def test_a_port_has_a_greatest_number(home: Path) -> None:
    assert error_of(home, {"WINDWARD__API__PORT": "65536"}).hint == "Use a whole number from 0 to 65535."


@pytest.mark.parametrize(
    ("variable", "suggested"),
    [
        ("WINDWARD__CORE__PARALELISM", "`[core] parallelism`"),
        ("WINDWARD__CORE__SQL_ALCHEMY_CONN", "`[database] sql_alchemy_conn`"),
        ("WINDWARD__COER__EXECUTOR", "`[core] executor`"),
        ("WINDWARD__PROCESSOR__PARSING_PROCESSES", "`[dag_processor] parsing_processes`"),
        ("WINDWARD__SCHEDULER__TASK_QUEUED_TIMEOUT_S", "`[scheduler] task_queued_timeout`"),
        ("WINDWARD__CORE", "`windward config list` shows every key"),
    ],
)
def test_an_unknown_variable_of_ours_is_an_error_with_a_suggestion(
    variable: str, suggested: str, home: Path
) -> None:
    error = error_of(home, {variable: "1"})
    assert error.message.startswith("unknown setting `[")
    assert f"(from `{variable}`)" in error.message
    assert suggested in error.hint


def test_an_unknown_key_in_the_file_is_an_error_with_a_suggestion(home: Path) -> None:
    write(home, "[core]\ndag_folder = '/srv/dags'\n")
    error = error_of(home, {})
    assert error.message == f"unknown setting `[core] dag_folder` (from `{home}/windward.toml`)"
    assert "Did you mean `[core] dags_folder`?" in error.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[webserver]\nport = 1\n", "unknown section `[webserver]`"),
        ("parallelism = 1\n", "unknown `parallelism` outside of a section"),
        ("[core\n", "is not valid TOML"),
        ("[core]\nparallelism = [1]\n", "`[core] parallelism` cannot be `[1]`"),
        ("[core]\nparallelism = true\n", "`[core] parallelism` cannot be `True`"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, said: str, home: Path) -> None:
    write(home, text)
    assert said in error_of(home, {}).message


def test_values_of_the_file_have_types(home: Path) -> None:
    write(
        home,
        '[core]\nload_examples = true\nsensitive_var_conn_names = ["a", "b"]\ndags_folder = "my/dags"\n'
        "[scheduler]\npoll_interval_s = 2\n",
    )
    settings = load({}, home=home)
    assert settings.core.load_examples is True
    assert settings.core.sensitive_var_conn_names == ("a", "b")
    assert settings.core.dags_folder == home / "my" / "dags"
    assert settings.scheduler.poll_interval_s == 2.0


def test_paths_know_the_home_of_people_and_variables(home: Path) -> None:
    environ = {"HOME": "/people/ada", "TEAM": "red", "WINDWARD__CORE__DAGS_FOLDER": "~/$TEAM/${TEAM}/../dags"}
    assert load(environ, home=home).core.dags_folder == Path("/people/ada/red/dags")
    error = error_of(home, {"WINDWARD__CORE__DAGS_FOLDER": "/srv/$NOBODY"})
    assert "`NOBODY` is not set" in error.hint


@pytest.mark.parametrize("path", sorted(MOVED))
def test_an_old_place_of_airflow_sets_the_new_one_with_a_warning(path: str, home: Path) -> None:
    text, expected = sample(all_keys()[MOVED[path]])
    variable = f"AIRFLOW__{path.replace('.', '__')}".upper()

    settings = load({variable: text}, home=home)

    assert value_of(settings, MOVED[path]) == expected
    assert settings.origins[MOVED[path]] == variable
    (warning,) = settings.warnings
    assert warning.startswith(f"{variable}: ")


def test_the_tables_of_names_lead_to_settings_that_exist() -> None:
    assert {*MOVED.values(), *CALLED.values(), *SECRETS, *CHOICES, *LEAST, *MOST} <= set(all_keys())
    assert not set(MOVED) & set(all_keys())
    assert {f"{key.section}.{key.field}" for key in all_keys().values()} >= set(RENAMED)


def test_the_new_place_of_airflow_wins_over_the_old_one(home: Path) -> None:
    environ = {
        "AIRFLOW__CORE__SQL_ALCHEMY_CONN": "sqlite:////srv/old.db",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////srv/new.db",
    }
    assert load(environ, home=home).database.sql_alchemy_conn == "sqlite:////srv/new.db"


def test_an_airflow_variable_that_means_nothing_here_is_ignored_and_listed(home: Path) -> None:
    environ = {"AIRFLOW__CELERY__BROKER_URL": "redis://x", "AIRFLOW__CORE__AUTH_MANAGER": "some.Class"}
    settings = load(environ, home=home)
    assert settings.ignored == ("AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CORE__AUTH_MANAGER")
    assert set(settings.origins.values()) == {"default"}
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("name", "executor"),
    [
        ("local", "local"),
        ("LocalExecutor", "local"),
        ("airflow.executors.local_executor.LocalExecutor", "local"),
        ("SequentialExecutor", "sequential"),
        ("airflow.executors.sequential_executor.SequentialExecutor", "sequential"),
        ("mine:LocalExecutor", "local"),
    ],
)
def test_executors_go_by_the_names_of_airflow_too(name: str, executor: str, home: Path) -> None:
    assert load({"AIRFLOW__CORE__EXECUTOR": name}, home=home).core.executor == executor


@pytest.mark.parametrize(
    "name",
    [
        "CeleryExecutor",
        "KubernetesExecutor",
        "airflow.providers.celery.executors.celery_executor.CeleryExecutor",
        "LocalExecutor,CeleryExecutor",
    ],
)
def test_an_executor_of_a_later_release_is_an_error_that_says_so(name: str, home: Path) -> None:
    error = error_of(home, {"AIRFLOW__CORE__EXECUTOR": name})
    assert "later release" in error.hint
    assert "`local`" in error.hint


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgresql+psycopg2://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u@h/d?x=1", "postgresql+psycopg://u@h/d?x=1"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("mysql://u@h/d", "mysql+pymysql://u@h/d"),
        ("mysql+mysqldb://u@h/d", "mysql+pymysql://u@h/d"),
        ("mariadb://u@h/d", "mysql+pymysql://u@h/d"),
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
    ],
)
def test_a_database_url_for_another_driver_means_the_same_database(
    written: str, read: str, home: Path
) -> None:
    environ = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": written}
    assert load(environ, home=home).database.sql_alchemy_conn == read


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///x.db", "oracle://u:sesame@h/d"]
)
def test_a_database_that_processes_cannot_share_is_refused_without_showing_the_url(
    url: str, home: Path
) -> None:
    error = error_of(home, {"WINDWARD__DATABASE__SQL_ALCHEMY_CONN": url})
    assert "sesame" not in str(error)
    assert "WINDWARD__DATABASE__SQL_ALCHEMY_CONN" in error.message


def test_a_secret_may_come_from_a_command(home: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "echo 'sqlite:////srv/c.db'",
    }
    settings = load(environ, home=home)
    assert settings.database.sql_alchemy_conn == "sqlite:////srv/c.db"
    assert settings.origins["database.sql_alchemy_conn"] == "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD"


def test_a_secret_that_is_written_down_wins_over_its_command(home: Path) -> None:
    environ = {
        "WINDWARD__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////srv/plain.db",
        "WINDWARD__DATABASE__SQL_ALCHEMY_CONN_CMD": "false",
    }
    assert load(environ, home=home).database.sql_alchemy_conn == "sqlite:////srv/plain.db"


@pytest.mark.parametrize("command", ["false", "true", "/nowhere/command", "'"])
def test_a_command_that_gives_nothing_is_an_error(command: str, home: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "WINDWARD__CORE__FERNET_KEY_CMD": command}
    assert "WINDWARD__CORE__FERNET_KEY_CMD" in error_of(home, environ).message


def test_a_secret_may_come_from_a_secrets_back_end(home: Path) -> None:
    environ = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_SECRET": "db"}
    settings = load(environ, home=home, read_secret={"db": "sqlite:////srv/s.db"}.get)
    assert settings.database.sql_alchemy_conn == "sqlite:////srv/s.db"
    assert "none is set up" in error_of(home, environ).message
    with pytest.raises(SettingsError, match="knows no `db`"):
        load(environ, home=home, read_secret=lambda name: None)


def test_only_secrets_have_commands(home: Path) -> None:
    assert "unknown setting" in error_of(home, {"WINDWARD__CORE__PARALLELISM_CMD": "echo 1"}).message
    assert load({"AIRFLOW__CORE__PARALLELISM_CMD": "echo 1"}, home=home).ignored


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AIRFLOW__CORE__FERNET_KEY", "46BKJoQYlPPOexq0OhDZnIlNepKFf87WFwLbfzqDDho="),
        ("AIRFLOW__WEBSERVER__SECRET_KEY", "temporary_key"),
        ("WINDWARD__API__SECRET_KEY", "changeme"),
    ],
)
def test_a_published_key_is_refused(variable: str, value: str, home: Path) -> None:
    error = error_of(home, {variable: value})
    assert "is a published example" in error.message
    assert value not in str(error)


def test_settings_never_print_their_secrets(home: Path) -> None:
    key = all_keys()["core.fernet_key"]
    text, _ = sample(key)
    settings = load(
        {key.variable: text, "WINDWARD__DATABASE__SQL_ALCHEMY_CONN": "mysql://u:sesame@h/d"}, home=home
    )
    assert text not in repr(settings)
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("API__TRUSTED_PROXIES", "my-proxy"),
        ("API__TRUSTED_PROXIES", "10.0.0.0/99"),
        ("API_AUTH__OIDC_ROLES", "data"),
        ("API_AUTH__OIDC_ROLES", "=op"),
        ("API_AUTH__OIDC_ISSUER", "http://id.example.org"),
    ],
)
def test_what_would_let_the_wrong_people_in_is_refused(name: str, text: str, home: Path) -> None:
    assert "Use " in error_of(home, {f"WINDWARD__{name}": text}).hint
