"""What a deployment adds around its DAGs: plugins, listeners, links, and policies of `windward_local_settings`.

All of it is user code. `configure` says where it is and imports nothing; `load` imports it, once in a process, and is
called only where user code runs: before a DAG file is imported. What may not live here: what is done with the parts.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from windward.errors import UserError
from windward.sdk.plugins import AirflowPlugin

SETTINGS_MODULES = ("windward_local_settings", "airflow_local_settings")
PLUGIN_GROUP = "airflow.plugins"
POLICY_GROUP = "airflow.policy"
MARK = b"AirflowPlugin"
"""A file of the plugins folder is imported as a plugin when it says this; others are modules to be imported."""
FILES_MAX = 1000
NOT_SUPPORTED = (
    "admin_views", "flask_blueprints", "menu_links", "appbuilder_views", "appbuilder_menu_items", "fastapi_apps",
    "fastapi_root_middlewares", "external_views", "react_apps", "hook_lineage_readers",
    "partition_mappers", "windows",
)  # fmt: skip
"""What plugins may list and nothing is done with; a warning says so when they are loaded."""
HOOKS_OF_RUNS = {
    "running": "on_dag_run_running", "success": "on_dag_run_success", "failure": "on_dag_run_failed",
}  # fmt: skip
"""Kind of a callback of a DAG to the hook that hears of the same."""
NOT_LISTENED = (
    "on_starting", "before_stopping",
    "on_asset_created", "on_asset_alias_created", "on_asset_changed", "on_asset_event_emitted",
    "on_new_dag_import_error", "on_existing_dag_import_error",
)  # fmt: skip
POLICIES = (
    "task_policy", "dag_policy", "task_instance_mutation_hook", "get_airflow_context_vars",
    "get_dagbag_import_timeout",
)  # fmt: skip
_DECLARATIONS = ("*.dist-info/entry_points.txt", "*.egg-info/entry_points.txt", "EGG-INFO/entry_points.txt")
"""Where packages in a folder of the import path say what they offer."""
POLICIES_NOT_SUPPORTED = ("pod_mutation_hook",)
OLD_TASK_POLICY = "policy"
"""What Airflow 1.10 calls `task_policy`."""

log = logging.getLogger("windward.sdk.extensions")


class Places(NamedTuple):
    """Where a deployment's own code is looked for, in this order."""

    settings_folders: tuple[str, ...] = ()
    """Where `windward_local_settings` may stand, before the import path."""
    plugins_folder: str = ""


@dataclass
class Extensions:
    """What was loaded."""

    plugins: list[Any] = field(default_factory=list)
    listeners: list[Any] = field(default_factory=list)
    policies: dict[str, list[Callable[..., Any]]] = field(default_factory=dict)
    links: list[Any] = field(default_factory=list)
    """Links of plugins that name the operators they belong to."""
    global_links: list[Any] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What could not be loaded, or is not supported."""


class Sources(NamedTuple):
    """What there is to load; none of it is imported yet."""

    settings: tuple[str, str] | None = None
    """The module of local settings, and the folder that it stands in (empty: it is on the import path)."""
    files: tuple[Path, ...] = ()
    plugin_points: tuple[Any, ...] = ()
    policy_points: tuple[Any, ...] = ()


class _Process:
    """What this process was told, and what it has made of it."""

    places = Places()
    sources: Sources | None = None
    loaded: Extensions | None = None


def configure(places: Places) -> None:
    """Have the deployment's own code looked for here, when somebody loads it."""
    _Process.places, _Process.sources, _Process.loaded = places, None, None


def look_up() -> Sources:
    """Look for what there is, once in a process and without importing it: whoever forks for each file looks before."""
    if _Process.sources is None:
        places = _Process.places
        _Process.sources = Sources(
            settings=_find_settings(places),
            files=tuple(_plugin_files(places)),
            plugin_points=_entry_points(PLUGIN_GROUP),
            policy_points=_entry_points(POLICY_GROUP),
        )
    return _Process.sources


def current() -> Extensions:
    """Return what was loaded in this process; nothing where nobody has."""
    return _Process.loaded or _NOTHING


def heard_of_runs() -> frozenset[str]:
    """Return the kinds of callbacks of DAGs that some listener hears: `running`, `success`, `failure`."""
    listeners = current().listeners
    return frozenset(
        kind
        for kind, hook in HOOKS_OF_RUNS.items()
        if any(callable(getattr(listener, hook, None)) for listener in listeners)
    )


_NOTHING = Extensions()


def load() -> Extensions:
    """Load the deployment's own code, unless this process has it; each problem is logged once.

    A plugin that fails to import is left out. Local settings that fail are an error, since their rules would be missed.

    Raises:
        UserError: when local settings or a package's policies cannot be imported.
    """
    if _Process.loaded is None:
        found, sources = Extensions(), look_up()
        _load_policies(sources, found)
        _load_plugins(_Process.places.plugins_folder, sources, found)
        _Process.loaded = found
        for problem in found.problems:
            log.warning("extension: %s", problem)
    return _Process.loaded


def fingerprint(places: Places) -> str:
    """Return a text that is another one when local settings or plugins of these folders have changed."""
    facts = []
    for path in (*_settings_files(places), *_plugin_files(places)):
        try:
            stat = path.stat()
        except OSError:
            continue
        facts.append(f"{path}:{stat.st_mtime_ns}:{stat.st_size}")
    return "|".join(facts)


# -- policies ----------------------------------------------------------------------------


def _load_policies(there: Sources, found: Extensions) -> None:
    sources = [*_local_settings(there), *_points(there.policy_points)]
    for name in POLICIES:
        hooks = [hook for source in sources if callable(hook := getattr(source, name, None))]
        if name == "task_policy" and not hooks:
            hooks = [hook for source in sources if callable(hook := getattr(source, OLD_TASK_POLICY, None))]
        found.policies[name] = hooks
    for source in sources:
        where = getattr(source, "__name__", type(source).__name__)
        found.problems += [
            f"`{name}` of `{where}` is not supported and never called"
            for name in POLICIES_NOT_SUPPORTED
            if callable(getattr(source, name, None))
        ]


def _find_settings(places: Places) -> tuple[str, str] | None:
    for name in SETTINGS_MODULES:
        for folder in places.settings_folders:
            if Path(folder, f"{name}.py").is_file() or Path(folder, name, "__init__.py").is_file():
                return name, folder
        if importlib.util.find_spec(name) is not None:
            return name, ""
    return None


def _local_settings(there: Sources) -> Iterator[ModuleType]:
    if there.settings is None:
        return
    name, folder = there.settings
    if folder and folder not in sys.path:
        sys.path.append(folder)
    try:
        yield importlib.import_module(name)
    except Exception as error:
        raise _broken(name, error) from error


def _broken(name: str, error: Exception) -> UserError:
    return UserError(
        f"`{name}` cannot be imported: {type(error).__name__}: {error}",
        hint="Its policies hold for every DAG, so no DAG file is read without them. Mend or remove the module.",
    )


def _points(points: Iterable[Any]) -> Iterator[Any]:
    for point in points:
        try:
            yield point.load()
        except Exception as error:
            raise _broken(point.value, error) from error


def _entry_points(group: str) -> tuple[Any, ...]:
    if not _may_be_declared(group):
        return ()
    from importlib.metadata import entry_points  # large: a worker's children would all carry it

    return tuple(sorted(entry_points(group=group), key=lambda point: point.name))


def _may_be_declared(group: str) -> bool:
    """Whether some installed package names this group; what is not a folder is taken to do so."""
    section = f"[{group}]".encode()
    for entry in dict.fromkeys(sys.path):
        folder = Path(entry)
        if folder.is_file():
            return True
        for pattern in _DECLARATIONS:
            if any(section in _bytes_of(path) for path in folder.glob(pattern)):
                return True
    return False


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


# -- plugins -----------------------------------------------------------------------------


class Offered(NamedTuple):
    """What a file of the plugins folder, or a package, has brought: plugins, or an error."""

    source: str
    """The file, from the folder; `package==version: module:name` of a package."""
    plugins: tuple[Any, ...] = ()
    error: BaseException | None = None


def offered(folder: str, there: Sources) -> Iterator[Offered]:
    """Import what may have plugins, one after the other; each may be brought by several."""
    if there.files and folder not in sys.path:
        sys.path.append(folder)
    for path in there.files:
        place = path.relative_to(folder)
        yield _offered(str(place), partial(importlib.import_module, _module_name(place)))
    for point in there.plugin_points:
        package = f"{point.dist.name}=={point.dist.version}: " if point.dist is not None else ""
        yield _offered(package + point.value, point.load)


def _offered(source: str, load: Callable[[], Any]) -> Offered:
    try:
        found = load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin is user code
        return Offered(source, error=error)
    return Offered(source, tuple(_classes([found] if isinstance(found, type) else vars(found).values())))


def _module_name(place: Path) -> str:
    """Return the name that a file has for those who import from the folder."""
    parts = place.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _load_plugins(folder: str, there: Sources, found: Extensions) -> None:
    plugins: dict[Any, None] = {}  # one may be imported by the file of another
    for one in offered(folder, there):
        plugins |= dict.fromkeys(one.plugins)
        if one.error is not None:
            found.problems.append(
                f"`{one.source}` of the plugins is left out: {type(one.error).__name__}: {one.error}"
            )
    for plugin in plugins:
        name = str(plugin.name or getattr(plugin, "__name__", plugin))
        try:
            plugin.validate()
            plugin.on_load()
            _take(plugin, name, found)
        except Exception as error:  # noqa: BLE001 - a plugin is user code
            found.problems.append(f"plugin `{name}` is left out: {type(error).__name__}: {error}")


def _take(plugin: Any, name: str, found: Extensions) -> None:
    from windward.sdk.deadline import DeadlineReference  # few deployments have plugins
    from windward.sdk.macros import register_macros

    if plugin.macros:
        register_macros(name, {getattr(macro, "__name__", str(macro)): macro for macro in plugin.macros})
    for reference in getattr(plugin, "deadline_references", ()):
        DeadlineReference.register_custom_reference(reference)
    found.plugins.append(plugin)
    found.listeners += list(plugin.listeners)
    found.links += list(plugin.operator_extra_links)
    found.global_links += list(plugin.global_operator_extra_links)
    unused = [part for part in NOT_SUPPORTED if getattr(plugin, part, None)]
    if unused:
        found.problems.append(
            f"plugin `{name}` lists what is not supported and not used: {', '.join(unused)}"
        )
    unheard = sorted({
        hook for listener in plugin.listeners for hook in NOT_LISTENED if callable(getattr(listener, hook, None))
    })  # fmt: skip
    if unheard:
        found.problems.append(f"listeners of plugin `{name}` are not called for: {', '.join(unheard)}")


def _classes(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, type) and issubclass(value, AirflowPlugin) and value is not AirflowPlugin:
            yield value


def _plugin_files(places: Places) -> list[Path]:
    """Return the files of the plugins folder that speak of a plugin, by path."""
    if not places.plugins_folder:
        return []
    found = []
    for path in sorted(Path(places.plugins_folder).rglob("*.py"))[:FILES_MAX]:
        try:
            if MARK in path.read_bytes():
                found.append(path)
        except OSError:
            continue
    return found


def _settings_files(places: Places) -> list[Path]:
    return [Path(folder, f"{name}.py") for folder in places.settings_folders for name in SETTINGS_MODULES]
