"""Finding and importing the DAG file that a person names, in this process: by its path, or by the id of a DAG in it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from windward.document import DagDocument
from windward.errors import DagImportError, UserError
from windward.processor.discover import Found, discover, read_source
from windward.processor.fingerprint import Fingerprints
from windward.runner.importing import load_file
from windward.runner.options import HostOptions
from windward.runner.pool import FileKey
from windward.sdk.semantics import detect, imports_of
from windward.sdk.serialize import to_document
from windward.settings import Settings

NAMED_MAX = 10


def find_dag(target: str, settings: Settings, *, dag_id: str | None = None) -> tuple[Any, Mapping[str, Any]]:
    """Return the DAG that is meant, and all DAGs of its file.

    `target` is a DAG file, or the id of a DAG somewhere in the DAG folder; `dag_id` chooses in a file with several.

    Raises:
        UserError: when there is no such file or DAG, or the file cannot be imported.
    """
    path = Path(target)
    if path.suffix in {".py", ".zip"} or path.is_file():
        if not path.is_file():
            raise UserError(
                f"there is no file `{target}`", hint="Check the path; it counts from where you are."
            )
        dags = import_file(path.absolute(), settings)
        return _chosen(dags, path, dag_id), dags
    dags = _in_folder(target, settings)
    return dags[target], dags


def import_file(path: Path, settings: Settings) -> Mapping[str, Any]:
    """Import a DAG file here; return its DAGs by id."""
    folder = settings.core.dags_folder.absolute()
    root = folder if path.is_relative_to(folder) else path.parent
    options = replace(HostOptions.from_settings(settings, socket_path=path), dags_folder=root)
    found = load_file(FileKey(path.relative_to(root).as_posix(), ""), options, can_interrupt=False)
    if hasattr(found, "dags"):
        return found.dags
    raise DagImportError(
        f"`{path}` cannot be imported: {found.message}\n\n{found.text}", hint="Correct the file."
    )


def document_of(dag: Any, settings: Settings) -> DagDocument:
    """Return the document of a DAG that was imported here."""
    path = Path(dag.fileloc)
    try:
        source = path.read_bytes()
    except OSError:
        source = b""
    semantics, reason = detect(imports_of(source), dag.semantics, settings.core.semantics)
    return to_document(dag, fileloc=path.name, code_hash="", semantics=semantics, semantics_reason=reason)


def _chosen(dags: Mapping[str, Any], path: Path, dag_id: str | None) -> Any:
    if not dags:
        raise UserError(
            f"`{path}` declares no DAG", hint="A DAG must be a global name, or be used by `with`."
        )
    names = ", ".join(f"`{name}`" for name in sorted(dags)[:NAMED_MAX])
    if dag_id is not None:
        if dag_id not in dags:
            raise UserError(f"`{path}` declares no DAG `{dag_id}`", hint=f"It declares {names}.")
        return dags[dag_id]
    if len(dags) > 1:
        raise UserError(
            f"`{path}` declares {len(dags)} DAGs: {names}",
            hint=f"Name one: `windward dags test DAG --dagfile-path {path}`.",
        )
    return next(iter(dags.values()))


def _in_folder(dag_id: str, settings: Settings) -> Mapping[str, Any]:
    """Return the DAGs of the file of the DAG folder that declares one. Files that say its id are tried first.

    A file that cannot be imported is passed over: it may well be another one that declares the DAG.
    """
    folder = settings.core.dags_folder.absolute()
    naming, others = list[str](), list[str]()
    for found in _listed(folder, settings):
        with suppress(OSError, KeyError, BadZipFile):
            source = read_source(folder, found.source, found.fileloc)
            (naming if dag_id.encode() in source else others).append(found.fileloc)
    failed = dict[str, DagImportError]()
    for fileloc in [*naming, *others]:  # ids may be made by code
        try:
            dags = import_file(folder / fileloc, settings)
        except DagImportError as error:
            failed[fileloc] = error
            continue
        if dag_id in dags:
            return dags
    for fileloc in naming:
        if fileloc in failed:
            raise failed[fileloc]
    unread = ", ".join(f"`{fileloc}`" for fileloc in sorted(failed)[:NAMED_MAX])
    raise UserError(
        f"no file of `{settings.core.dags_folder}` declares a DAG `{dag_id}`"
        + (f"; {len(failed)} of them cannot be imported: {unread}" if failed else ""),
        hint="Give the path of the file, or set `[core] dags_folder`.",
    )


def _listed(folder: Path, settings: Settings) -> tuple[Found, ...]:
    """Return the files that the processor would parse."""
    core = settings.core
    return discover(
        folder,
        Fingerprints(folder),
        syntax=core.dag_ignore_file_syntax,
        is_safe_mode=core.dag_discovery_safe_mode,
    ).files
