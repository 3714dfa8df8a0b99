"""Finding and importing the DAG file that a person names, in this process: by its path, or by the id of a DAG in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from windward.document import DagDocument
from windward.errors import DagImportError, UserError
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
    for file in _files(settings.core.dags_folder, target):
        dags = import_file(file, settings)
        if target in dags:
            return dags[target], dags
    raise UserError(
        f"no file of `{settings.core.dags_folder}` declares a DAG `{target}`",
        hint="Give the path of the file, or set `[core] dags_folder`.",
    )


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


def _files(folder: Path, dag_id: str) -> Iterator[Path]:
    """Yield the Python files of the DAG folder, those whose text has the id first: ids may be made by code."""
    others = []
    for path in sorted(folder.rglob("*.py")):
        try:
            text = path.read_bytes()
        except OSError:
            continue
        if dag_id.encode() in text:
            yield path
        elif b"dag" in text.lower():
            others.append(path)
    yield from others
