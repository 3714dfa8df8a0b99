"""Which plugins there are and what they offer, told by a process that loads them and has nothing else.

A plugin is user code (decision 0018), so the API server does not load it. What was told is kept for a while.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import msgspec

from windward.app.connection_test import without_secrets
from windward.ports.installed import Plugin, PluginError, Plugins
from windward.runner.linux import die_with_parent

PLUGIN_GROUP = "airflow.plugins"
SURVEY_S_MAX = 30.0
KEPT_S = 60.0
FILES_MAX = 1_000
ANSWER_BYTES_MAX = 4 << 20
ERROR_MAX = 4_000
_COMMAND = (sys.executable, "-P", "-m", "windward.app.plugin_survey")
_NAMED = (
    "macros", "flask_blueprints", "global_operator_extra_links", "operator_extra_links", "listeners", "timetables",
)  # fmt: skip
_SAID = (
    "fastapi_apps", "fastapi_root_middlewares", "external_views", "react_apps", "appbuilder_views",
    "appbuilder_menu_items",
)  # fmt: skip


class PluginSurvey:
    """Starts a process that loads all plugins, when somebody asks and nothing is known of late; one at a time."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        monotonic: Callable[[], float],
        timeout_s: float = SURVEY_S_MAX,
    ) -> None:
        self._folder = folder
        self._environ = without_secrets(environ)
        self._monotonic = monotonic
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._known: tuple[float, Plugins] | None = None

    def plugins(self) -> Plugins:
        """Return plugins; when the process does not tell, that is the only entry among those that are broken."""
        with self._lock:
            now_s = self._monotonic()
            if self._known is None or now_s - self._known[0] > KEPT_S:
                self._known = (now_s, self._asked())
            return self._known[1]

    def _asked(self) -> Plugins:
        if not self._folder.is_dir() and not entry_points(group=PLUGIN_GROUP):
            return Plugins()
        child = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environ,
            start_new_session=True,
        )
        question = {"folder": str(self._folder), "parent": os.getpid()}
        try:
            said, _ = child.communicate(json.dumps(question).encode(), timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # with what it started
            child.communicate()
            return self._none(f"plugins were not loaded within {self._timeout_s:g} s")
        try:
            return msgspec.json.decode(said[:ANSWER_BYTES_MAX], type=Plugins)
        except msgspec.MsgspecError:
            return self._none(f"the process that loads plugins has died (exit code {child.returncode})")

    def _none(self, error: str) -> Plugins:
        return Plugins(broken=(PluginError(source=str(self._folder), error=error),))


# -- in the process that loads them


def main() -> int:
    """Load plugins, and write what they offer."""
    question = json.loads(sys.stdin.buffer.read())
    die_with_parent(question["parent"])
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what plugins print is no answer
    found = survey(Path(question["folder"]))
    with os.fdopen(answer, "wb") as stream:
        stream.write(msgspec.json.encode(found))
    return 0


def survey(folder: Path) -> Plugins:
    """Load the plugins of installed packages and of a folder, and return what they offer."""
    from windward.sdk.masking import mask_text
    from windward.sdk.plugins import AirflowPlugin

    sys.path.append(str(folder))
    loaded: dict[str, Plugin] = {}
    broken: list[PluginError] = []
    for source, load in (*_installed(), *_files(folder)):
        try:
            offered = load()
            kinds = [offered] if isinstance(offered, type) else list(vars(offered).values())
            for kind in kinds:
                if isinstance(kind, type) and issubclass(kind, AirflowPlugin) and kind is not AirflowPlugin:
                    kind.validate()
                    plugin = _plugin(kind, source)
                    loaded.setdefault(plugin.name, plugin)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - user code: what is wrong is told, and the others go on
            text = mask_text(f"{type(error).__name__}: {error}")[:ERROR_MAX]
            broken.append(PluginError(source=source, error=text))
    return Plugins(loaded=tuple(loaded[name] for name in sorted(loaded)), broken=tuple(broken))


def _installed() -> Iterator[tuple[str, Callable[[], Any]]]:
    points = sorted(entry_points(group=PLUGIN_GROUP), key=lambda one: one.name)
    for point in points:
        yield _source(point), point.load


def _source(point: EntryPoint) -> str:
    package = f"{point.dist.name}=={point.dist.version}: " if point.dist is not None else ""
    return package + point.value


def _files(folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    files = sorted(one for one in folder.rglob("*.py") if "__pycache__" not in one.parts)
    for file in files[:FILES_MAX]:
        place = file.relative_to(folder)
        yield str(place), functools.partial(_import, file, place)


def _import(file: Path, place: Path) -> Any:
    """Import a file under the name that it has for those who import from the folder."""
    parts = place.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, "a file that ends in `.py` has a loader"
    assert spec.loader is not None, "a file that ends in `.py` has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _plugin(kind: Any, source: str) -> Plugin:
    fields: dict[str, Any] = {name: tuple(_name_of(one) for one in getattr(kind, name)) for name in _NAMED}
    fields |= {name: tuple(_told(one) for one in getattr(kind, name)) for name in _SAID}
    return Plugin(name=str(kind.name), source=source, **fields)


def _name_of(offered: Any) -> str:
    """Return where something is: of an object, where its class is."""
    known = offered if hasattr(offered, "__qualname__") else type(offered)
    if isinstance(offered, type(sys)):
        return offered.__name__
    return f"{known.__module__}.{known.__qualname__}"


def _told(offered: Any) -> dict[str, Any]:
    """Return what a view says of itself, with code named by where it is."""
    if not isinstance(offered, Mapping):
        return {"name": _name_of(offered)}
    return {
        str(key): value if isinstance(value, str | int | float | bool | None) else _name_of(value)
        for key, value in offered.items()
    }


if __name__ == "__main__":
    sys.exit(main())
