"""Versions of a DAG's code: every file that a version was made of, as it was then."""

from __future__ import annotations

from typing import Any

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.problem import Forbidden
from windward.api.public.dag_sources import may_read_all, source_of
from windward.document import DagDocument
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.ports.listings.versions import VersionRow

TAG = "Code"
_PATH = "/api/windward/v1/dags/{dag_id}/versions/{version_number}"


class CodeFile(msgspec.Struct, kw_only=True):
    """One file, by its content. `is_declaring`: it declares the DAG; the others are what it imports."""

    path: str
    sha256: str
    is_declaring: bool


class CodeResponse(msgspec.Struct, kw_only=True):
    """The files of a version. Two versions with the same hashes have the same code."""

    dag_id: str
    version_number: int
    code_hash: str
    files: list[CodeFile]


class FileQuery(msgspec.Struct, kw_only=True):
    """Which file."""

    path: str


class FileResponse(msgspec.Struct, kw_only=True):
    """The text of one file."""

    path: str
    content: str


def get_code(call: Call[Nothing, Nothing]) -> CodeResponse:
    """List the files of a version."""
    version, document = _found(call)
    return CodeResponse(
        dag_id=version.dag_id,
        version_number=version.number,
        code_hash=document.code_hash,
        files=[
            CodeFile(path=path, sha256=digest, is_declaring=path == document.fileloc)
            for path, digest in sorted(call.services.execution.code.manifest(document.code_hash).items())
        ],
    )


def get_code_text(call: Call[FileQuery, Nothing]) -> FileResponse:
    """Show one file of a version."""
    _, document = _found(call)
    code, path = call.services.execution.code, call.query.path
    if path not in code.manifest(document.code_hash):
        raise NotFoundError(f"the version has no file `{path}`")
    if not may_read_all(call, path):
        # It declares DAGs of its own, and is only imported by this one.
        raise Forbidden(Verb.READ, Resource.CODE)
    return FileResponse(path=path, content=source_of(code.materialise(document.code_hash), path))


def _found(call: Call[Any, Any]) -> tuple[VersionRow, DagDocument]:
    dag_id, number = call.text("dag_id"), call.number("version_number")
    services = call.services
    version = services.listings.versions.one(dag_id, number)
    documents = services.listings.documents.plain([version.document_hash]) if version is not None else {}
    if version is None or version.document_hash not in documents:
        raise NotFoundError(f"DAG `{dag_id}` has no version {number}")
    document = documents[version.document_hash]
    if not may_read_all(call, document.fileloc):
        # The file declares DAGs whose code is not the caller's to see.
        raise Forbidden(Verb.READ, Resource.CODE)
    return version, document


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        _PATH + "/code",
        name="get_code",
        tag=TAG,
        summary="List the files that a version of a DAG was made of.",
        access=Needs(verb=Verb.READ, resource=Resource.CODE, scope=Scope.PATH),
        reply=CodeResponse,
        handler=get_code,
    ),
    operation(
        "GET",
        _PATH + "/code/file",
        name="get_code_text",
        tag=TAG,
        summary="Show one file of a version of a DAG.",
        access=Needs(verb=Verb.READ, resource=Resource.CODE, scope=Scope.PATH),
        query=FileQuery,
        reply=FileResponse,
        handler=get_code_text,
    ),
)
