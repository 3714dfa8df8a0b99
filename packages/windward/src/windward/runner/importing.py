"""Importing a DAG file for running it: from the DAG folder when its code is still the run's, else from the snapshot.

A snapshot's manifest names the file and what it imports of the DAG folder; all of them must be unchanged, before the
import and after it.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from windward.errors import DagImportError, NotFoundError, UserError
from windward.logs.writer import traceback_text
from windward.protocol.calls import Answer, Call
from windward.protocol.child import ImportProblem
from windward.runner.alarms import alarm
from windward.runner.digest import sha256
from windward.runner.options import HostOptions
from windward.runner.pool import FileKey
from windward.sdk import extensions, policies, secrets, xcom_backend
from windward.sdk.bridge import LargeValues, use_bridge
from windward.sdk.byte_code import check_byte_code

log = logging.getLogger("windward.runner.importing")
_CHUNK_BYTES = 1 << 20
_LINE_CHARACTERS_MAX = 500
_TEXT_CHARACTERS_MAX = 16_384


class AskedWhileImportingError(BaseException):
    """The file reads a variable or a connection; a `BaseException`, so that the file cannot take it for an answer."""


class NobodyAnswers:
    """The bridge of a template: it has no attempt to ask for, and remembers that the file asked.

    Secrets backends could answer here, but once for all attempts, and a secret that was changed since would be used.
    Hence it stands in the place of their memory too. Each child asks for itself.
    """

    def __init__(self, large_values: LargeValues | None) -> None:
        self.large_values = large_values
        self.was_asked = False

    def call(self, call: Call) -> Answer:
        """Refuse, and stop the import."""
        del call
        self.was_asked = True
        raise AskedWhileImportingError

    def mask(self, values: Sequence[str]) -> None:
        """Do nothing: each child tells its host."""

    def get(self, name: str) -> tuple[bool, str | None]:
        """Refuse what a secrets backend would be asked."""
        del name
        self.was_asked = True
        raise AskedWhileImportingError

    def put(self, name: str, text: str | None) -> None:
        """Do nothing."""


def load_once(key: FileKey, options: HostOptions) -> tuple[LoadedFile | ImportProblem, bool]:
    """Import the file for all children to come; return also whether it asked for what each of them has to ask."""
    nobody = NobodyAnswers(options.large_values)
    secrets.remember_in(nobody)
    with use_bridge(nobody):
        loaded = load_file(key, options, can_interrupt=True)
    secrets.remember_in(None)
    return loaded, nobody.was_asked


class ImportTimeout(BaseException):
    """The file takes too long; a `BaseException`, so that the file's own `except Exception` does not eat it."""


@dataclass(frozen=True)
class LoadedFile:
    """An imported file: its DAGs by id."""

    dags: Mapping[str, Any]
    is_from_snapshot: bool


def preload(loaded: LoadedFile) -> None:
    """Import what the operators of these DAGs name in `preloads`, so that no child has to.

    A module that cannot be imported is the task's own matter: it says so when it runs.
    """
    secrets.import_ahead()
    xcom_backend.import_ahead()
    tasks = (task for dag in loaded.dags.values() for task in getattr(dag, "task_dict", {}).values())
    names = {name for task in tasks for name in getattr(_class_of(task), "preloads", ())}
    for name in sorted(names):
        try:
            importlib.import_module(name)
        except Exception:
            log.warning("module not imported ahead", extra={"preloaded": name}, exc_info=True)


def _class_of(task: Any) -> type:
    kind = getattr(task, "operator_class", None)
    return kind if isinstance(kind, type) else type(task)


def load_file(key: FileKey, options: HostOptions, *, can_interrupt: bool) -> LoadedFile | ImportProblem:
    """Import the file of this code version; whatever it raises becomes an `ImportProblem`."""
    try:
        root, is_from_snapshot = find_code(key, options)
        with _time_limit(options.import_s_max if can_interrupt else 0.0):
            extensions.load()
        limit_s = policies.import_timeout_s(str(root / key.fileloc), options.import_s_max)
        with _time_limit(limit_s if can_interrupt else 0.0):
            if is_from_snapshot:
                return LoadedFile(dags=_import(root, key.fileloc, options), is_from_snapshot=True)
            return _import_of_one_version(root, key, options)
    except BaseException as error:  # noqa: BLE001 - a process boundary: user code may raise anything, SystemExit too
        return problem_of(error)


def _import_of_one_version(folder: Path, key: FileKey, options: HostOptions) -> LoadedFile:
    """Import from the DAG folder; once more, from the snapshot, when the code was changed meanwhile."""
    path = [*sys.path]
    try:
        dags = _import(folder, key.fileloc, options)
    except Exception:
        root, is_from_snapshot = find_code(key, options)
        if not is_from_snapshot:  # Else it may have failed because it was of two versions.
            raise
    else:
        root, is_from_snapshot = find_code(key, options)
        if not is_from_snapshot:
            return LoadedFile(dags=dags, is_from_snapshot=False)
    sys.path[:] = path
    _forget_modules_below(folder)
    return LoadedFile(dags=_import(root, key.fileloc, options), is_from_snapshot=True)


def _forget_modules_below(folder: Path) -> None:
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if any(isinstance(place, str) and place.startswith(f"{folder}/") for place in places):
            del sys.modules[name]
    importlib.invalidate_caches()


def find_code(key: FileKey, options: HostOptions) -> tuple[Path, bool]:
    """Return the folder to import from, and whether it is a snapshot. Raises `UserError` when the code is gone."""
    store = options.code_store
    if not key.code_hash or store is None:
        return options.dags_folder, False
    try:
        if _is_unchanged(options.dags_folder, store.manifest(key.code_hash)):
            return options.dags_folder, False
        return store.materialise(key.code_hash), True
    except NotFoundError as error:
        raise UserError(
            f"the code version `{key.code_hash[:12]}` of `{key.fileloc}` is not kept any more",
            hint="Clear the run with the newest version, or raise `[dag_processor] snapshots_kept_max`.",
        ) from error


def problem_of(error: BaseException) -> ImportProblem:
    """Return why a file did not import, in a line and in full."""
    if isinstance(error, SystemExit):
        message = f"the file calls `sys.exit({error.code!r})` while it is imported"
    elif isinstance(error, UserError):
        message = error.message
    else:
        message = (str(error) or type(error).__name__).splitlines()[0]
    return ImportProblem(
        error_type=type(error).__name__,
        message=message[:_LINE_CHARACTERS_MAX],
        text=traceback_text(error)[-_TEXT_CHARACTERS_MAX:],
    )


def _import(root: Path, fileloc: str, options: HostOptions) -> Mapping[str, Any]:
    from windward.sdk import scopes
    from windward.sdk.collect import collect_dags

    scopes.take_registered()  # what an earlier import of this process left is not this file's
    for folder in {str(options.dags_folder), str(root)}:
        if folder in sys.path:
            sys.path.remove(folder)
    sys.path.append(str(root))
    check_byte_code([str(root)])
    if options.plugins_folder is not None and str(options.plugins_folder) not in sys.path:
        sys.path.append(str(options.plugins_folder))
    module = ModuleType(_module_name(fileloc))
    source, module.__file__ = _read_source(root, fileloc)
    sys.modules[module.__name__] = module  # dataclasses and pickles look it up
    exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - what we are for
    return {dag.dag_id: dag for dag in collect_dags(module) if policies.is_kept(dag)}


def _read_source(root: Path, fileloc: str) -> tuple[bytes, str]:
    """Return the bytes of a DAG file and its path; a zip archive becomes importable."""
    path = root / fileloc
    archive = next((parent for parent in path.parents if parent.suffix == ".zip" and parent.is_file()), None)
    try:
        if archive is None:
            return path.read_bytes(), str(path)
        import zipfile  # few files stand in archives; it maps four libraries

        sys.path.append(str(archive))
        with zipfile.ZipFile(archive) as found:
            return found.read(path.relative_to(archive).as_posix()), str(path)
    except (OSError, KeyError) as error:
        raise DagImportError(
            f"`{fileloc}` does not exist any more in `{root}`",
            hint="Put the file back, or clear the run with the newest version.",
        ) from error


def _module_name(fileloc: str) -> str:
    """Return the name of a DAG file as a module: the processor's rule, or pickles made there would not load here."""
    stem = fileloc.rsplit("/", 1)[-1].removesuffix(".py").replace(".", "_").replace("-", "_")
    return f"windward_dag_{sha256(fileloc.encode()).hexdigest()[:10]}_{stem}"


def _is_unchanged(folder: Path, manifest: Mapping[str, str]) -> bool:
    return bool(manifest) and all(_hash(folder / name) == wanted for name, wanted in manifest.items())


def _hash(path: Path) -> str | None:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return None
    return str(digest.hexdigest())


def _time_limit(seconds: float) -> AbstractContextManager[None]:
    """Raise `ImportTimeout` in the block when it takes longer; 0 means no limit."""

    def ring() -> None:
        raise ImportTimeout(f"importing the file takes longer than {seconds:g} s")

    return alarm(seconds, ring)
