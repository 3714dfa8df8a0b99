"""The first start: keys of one's own, made once, readable by nobody else."""

import stat
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from windward.errors import SettingsError
from windward.settings import Settings, load, prepare_home


def test_the_first_start_makes_keys_that_later_starts_keep(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = prepare_home(load({}, home=home))

    again = prepare_home(load({}, home=home))

    assert Fernet(first.core.fernet_key).decrypt(Fernet(again.core.fernet_key).encrypt(b"x")) == b"x"
    assert len(first.api.secret_key) >= 32
    assert again == load({}, home=home)
    assert again.api.secret_key == first.api.secret_key
    assert again.origins["core.fernet_key"] == first.origins["core.fernet_key"] == str(home / "secrets.toml")


def test_two_homes_have_different_keys(tmp_path: Path) -> None:
    one, other = (prepare_home(load({}, home=tmp_path / name)) for name in ("a", "b"))
    assert one.core.fernet_key != other.core.fernet_key
    assert one.api.secret_key != other.api.secret_key


def test_only_the_owner_may_read_the_keys(tmp_path: Path) -> None:
    home = tmp_path / "home"
    prepare_home(load({}, home=home))
    assert stat.S_IMODE((home / "secrets.toml").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700

    (home / "secrets.toml").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load({}, home=home)


def test_keys_that_are_set_are_used_and_an_empty_variable_sets_nothing(tmp_path: Path) -> None:
    own = Fernet.generate_key().decode()
    environ = {"AIRFLOW__CORE__FERNET_KEY": own, "AIRFLOW__API__SECRET_KEY": ""}

    settings = prepare_home(load(environ, home=tmp_path / "home"))

    assert settings.core.fernet_key == own
    assert len(settings.api.secret_key) >= 32
    assert load(environ, home=tmp_path / "home") == settings


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    home = tmp_path / "home"
    gate = threading.Barrier(8)
    found: list[Settings] = []

    def start() -> None:
        gate.wait()
        found.append(prepare_home(load({}, home=home)))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len({settings.core.fernet_key for settings in found}) == 1
    assert sorted(path.name for path in home.iterdir()) == ["dags", "logs", "run", "secrets.toml"]


def test_a_home_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"the home `.*/file/home` cannot be prepared"):
        prepare_home(load({}, home=tmp_path / "file" / "home"))
