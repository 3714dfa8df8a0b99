"""Plugins are loaded by a process of their own, and what they offer is told by name."""

import os
from pathlib import Path

import pytest

from windward.app.plugin_survey import KEPT_S, PluginSurvey
from windward.ports.installed import Plugin, PluginError, Plugins

SHOP = """
import os
from windward.sdk.plugins import AirflowPlugin

print("this is no answer")

def twice(number):
    return 2 * number

class Hours:
    pass

class Watching:
    pass

class Shop(AirflowPlugin):
    name = "shop"
    macros = [twice]
    timetables = [Hours]
    listeners = [Watching()]
    external_views = [{"name": "Till", "href": "https://shop.test/", "url_route": "till"}]
    fastapi_apps = [{"app": Watching(), "url_prefix": "/shop", "name": "shop"}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plugins" / "inner").mkdir(parents=True)
    (tmp_path / "plugins" / "inner" / "shop.py").write_text(SHOP)
    (tmp_path / "plugins" / "again.py").write_text("from inner.shop import Shop  # an AirflowPlugin\n")
    (tmp_path / "plugins" / "helper.py").write_text(
        "1 / 0  # a module for others, which workers do not load either\n"
    )
    return tmp_path / "plugins"


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


def surveyed(folder: Path, *, timeout_s: float = 60.0, **environ: str) -> Plugins:
    return PluginSurvey(folder, {**os.environ, **environ}, monotonic=Clock(), timeout_s=timeout_s).plugins()


def test_a_plugin_of_the_folder_is_shown_once_with_what_it_offers(folder: Path) -> None:
    [shop] = surveyed(folder).loaded
    assert shop == Plugin(
        name="shop",
        source="again.py",
        macros=("inner.shop.twice",),
        timetables=("inner.shop.Hours",),
        listeners=("inner.shop.Watching",),
        external_views=({"name": "Till", "href": "https://shop.test/", "url_route": "till"},),
        fastapi_apps=({"app": "inner.shop.Watching", "url_prefix": "/shop", "name": "shop"},),
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("this is no Python", "SyntaxError"),
        ("from windward.sdk.plugins import AirflowPlugin\nclass A(AirflowPlugin): pass", "ValueError: Your plugin needs a name."),
    ],
)  # fmt: skip
def test_a_plugin_that_cannot_be_loaded_is_told_and_hurts_no_other(
    folder: Path, text: str, error: str
) -> None:
    (folder / "broken.py").write_text(f"# an AirflowPlugin\n{text}")

    found = surveyed(folder)

    assert [one.name for one in found.loaded] == ["shop"]
    [broken] = found.broken
    assert broken.source == "broken.py"
    assert broken.error.startswith(error)


def test_a_plugin_of_a_package_is_found_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    metadata = tmp_path / "shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[airflow.plugins]\nshop=shop:Shop\ngone=shop:Gone\n")
    (tmp_path / "plugins").mkdir()

    found = surveyed(tmp_path / "plugins", PYTHONPATH=str(tmp_path))

    assert [(one.name, one.source) for one in found.loaded] == [("shop", "shop==1.0: shop:Shop")]
    assert [(one.source, one.error.split(":")[0]) for one in found.broken] == [
        ("shop==1.0: shop:Gone", "AttributeError")
    ]


def test_a_plugin_that_kills_its_process_or_never_ends_is_no_harm(folder: Path) -> None:
    (folder / "end.py").write_text("import os; os._exit(7)  # AirflowPlugin")
    assert surveyed(folder) == Plugins(
        broken=(
            PluginError(source=str(folder), error="the process that loads plugins has died (exit code 7)"),
        )
    )
    (folder / "end.py").write_text("import threading; threading.Event().wait()  # AirflowPlugin")
    assert "within 3 s" in surveyed(folder, timeout_s=3).broken[0].error


def test_plugins_get_no_secrets_of_the_installation(folder: Path) -> None:
    (folder / "tells.py").write_text("import os; raise RuntimeError(' '.join(os.environ))  # AirflowPlugin")
    [broken] = surveyed(folder, WINDWARD__CORE__FERNET_KEY="x", WINDWARD_HERE="y").broken
    assert "WINDWARD_HERE" in broken.error
    assert "FERNET" not in broken.error


def test_what_was_told_is_kept_for_a_while(folder: Path) -> None:
    clock = Clock()
    survey = PluginSurvey(folder, os.environ, monotonic=clock)
    assert len(survey.plugins().loaded) == 1
    (folder / "again.py").unlink()
    (folder / "inner" / "shop.py").unlink()
    clock.at_s = KEPT_S
    assert len(survey.plugins().loaded) == 1
    clock.at_s = KEPT_S + 1
    assert survey.plugins() == Plugins()


def test_without_plugins_no_process_is_started(tmp_path: Path) -> None:
    assert surveyed(tmp_path / "nothing", timeout_s=0.0) == Plugins()


def test_a_package_of_the_folder_is_imported_once(tmp_path: Path) -> None:
    (tmp_path / "plugins" / "shop").mkdir(parents=True)
    (tmp_path / "plugins" / "shop" / "__init__.py").write_text(
        SHOP + "\nimport builtins\nassert not hasattr(builtins, 'seen')\nbuiltins.seen = True\n"
    )
    found = surveyed(tmp_path / "plugins")
    assert [(one.name, one.source) for one in found.loaded] == [("shop", "shop/__init__.py")]
    assert found.broken == ()
