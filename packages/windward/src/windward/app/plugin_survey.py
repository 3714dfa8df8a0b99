"""Which plugins there are and what they offer, told by a process that loads them and has nothing else.

A plugin is user code (decision 0018), so the API server does not load it. What was told is kept for a while.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec

from windward.app.connection_test import without_secrets
from windward.ports.installed import Plugin, PluginError, Plugins
from windward.runner.linux import die_with_parent

PLUGIN_GROUP = "airflow.plugins"
SURVEY_S_MAX = 30.0
KEPT_S = 60.0
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
    from windward.sdk import extensions
    from windward.sdk.masking import mask_text

    extensions.configure(extensions.Places(plugins_folder=str(folder)))
    loaded: dict[str, Plugin] = {}
    broken: list[PluginError] = []

    def tell(source: str, error: BaseException) -> None:
        text = mask_text(f"{type(error).__name__}: {error}")[:ERROR_MAX]
        broken.append(PluginError(source=source, error=text))

    for one in extensions.offered(str(folder), extensions.look_up()):
        if one.error is not None:
            tell(one.source, one.error)
        for kind in one.plugins:
            try:
                kind.validate()
                plugin = _plugin(kind, one.source)
            except Exception as error:  # noqa: BLE001 - user code: what is wrong is told, and the others go on
                tell(one.source, error)
            else:
                loaded.setdefault(plugin.name, plugin)
    return Plugins(loaded=tuple(loaded[name] for name in sorted(loaded)), broken=tuple(broken))


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
