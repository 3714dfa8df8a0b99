"""The source of DAG files, as it was when a version was stored."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Reply, Scope, operation
from windward.api.contract.problem import NotAcceptable
from windward.api.public.import_errors import REDACTED
from windward.core.access import is_allowed
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.numbers import Small

JSON, TEXT = "application/json", "text/plain"
SOURCE_BYTES_MAX = 5 << 20
"""Larger files are no source that somebody would read here."""


class DAGSourceResponse(msgspec.Struct, kw_only=True):
    """The source of the file that declares a DAG."""

    content: str | None
    dag_id: str
    version_number: int | None
    dag_display_name: str


class SourceQuery(msgspec.Struct, kw_only=True):
    """Of which version; of the newest, when none is named."""

    version_number: Small | None = None


def get_dag_source(call: Call[SourceQuery, Nothing]) -> DAGSourceResponse | Reply:
    """Show the source."""
    dag_id, number = call.text("dag_id"), call.query.version_number
    services = call.services
    media = _media(call.headers.get("accept", ""))
    version = services.listings.versions.one(dag_id, number)
    documents = services.store.catalog.load_documents([version.document_hash]) if version is not None else {}
    if version is None or version.document_hash not in documents:
        raise NotFoundError(f"The source code of the Dag {dag_id}, version_number {number} was not found")
    document = documents[version.document_hash]
    content = REDACTED
    if may_read_all(call, document.fileloc):
        content = source_of(services.execution.code.materialise(document.code_hash), document.fileloc)
    if media == TEXT:
        return Reply(body=content.encode("utf-8", "replace"), media_type=TEXT)
    return DAGSourceResponse(
        content=content, dag_id=dag_id, version_number=version.number, dag_display_name=version.display_name
    )


def _media(accept: str) -> str:
    """Return the media type that the caller takes.

    Raises:
        NotAcceptable: when it takes neither.
    """
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for one in wanted or ["*/*"]:
        if one in {JSON, "*/*", "application/*"}:
            return JSON
        if one in {TEXT, "text/*"}:
            return TEXT
    raise NotAcceptable(f"the source is sent as `{JSON}` or `{TEXT}`")


def may_read_all(call: Call[Any, Any], fileloc: str) -> bool:
    """Whether the caller may read the source of every DAG of the file."""
    return all(
        is_allowed(
            call.principal,
            Verb.READ,
            Resource.CODE,
            dag_id=dag_id,
            tags=call.services.tags_of(dag_id),
        )
        for dag_id in call.services.listings.files.dags_of(fileloc)
    )


def source_of(tree: Path, fileloc: str) -> str:
    """Return the text of a file of a snapshot, or of one inside a zip; it is never executed."""
    path = PurePosixPath(fileloc)
    for outer in (path, *path.parents):
        found = tree / outer
        if found.is_file():
            raw = _inner(found, str(path.relative_to(outer))) if outer != path else _read(found)
            return raw.decode("utf-8", "replace")
    raise NotFoundError(f"Code not found: the snapshot has no file `{fileloc}`")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SOURCE_BYTES_MAX)


def _inner(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as pack, pack.open(name) as file:
            return file.read(SOURCE_BYTES_MAX)
    except (KeyError, zipfile.BadZipFile, NotImplementedError) as error:
        raise NotFoundError(f"Code not found: `{path.name}` has no file `{name}`") from error


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dagSources/{dag_id}",
        name="get_dag_source",
        tag="DagSource",
        summary="Show the source of the file that declares a DAG, as JSON or as plain text.",
        access=Needs(verb=Verb.READ, resource=Resource.CODE, scope=Scope.PATH),
        query=SourceQuery,
        reply=DAGSourceResponse,
        handler=get_dag_source,
        errors=[404, 406],
        media_types=(JSON, TEXT),
    ),
)
