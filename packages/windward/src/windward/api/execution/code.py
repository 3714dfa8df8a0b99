"""Code: the snapshot of the DAG folder that a run began with, file by file. For a worker's own token."""

from __future__ import annotations

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Reply, operation
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb

TAG = "Execution"
_WORKER = Needs(verb=Verb.EDIT, resource=Resource.WORKER)


class Manifest(msgspec.Struct, kw_only=True):
    """Relative path to SHA-256 of the content."""

    files: dict[str, str]


class FileQuery(msgspec.Struct, kw_only=True):
    """One file of a snapshot."""

    path: str


def get_manifest(call: Call[Nothing, Nothing]) -> Manifest:
    """Return what a snapshot holds."""
    return Manifest(files=call.execution.code.manifest(call.text("code_hash")))


def get_file(call: Call[FileQuery, Nothing]) -> Reply:
    """Return one file of a snapshot."""
    code, code_hash = call.execution.code, call.text("code_hash")
    if call.query.path not in code.manifest(code_hash):
        raise NotFoundError(f"snapshot `{code_hash}` has no file `{call.query.path}`")
    content = (code.materialise(code_hash) / call.query.path).read_bytes()
    return Reply(body=content, media_type="application/octet-stream")


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/execution/v1/code/{code_hash}",
        name="get_code_manifest",
        tag=TAG,
        summary="Say which files a code version has.",
        access=_WORKER,
        reply=Manifest,
        handler=get_manifest,
    ),
    operation(
        "GET",
        "/execution/v1/code/{code_hash}/file",
        name="get_code_file",
        tag=TAG,
        summary="Fetch one file of a code version.",
        access=_WORKER,
        query=FileQuery,
        reply=bytes,
        handler=get_file,
        media_types=["application/octet-stream"],
    ),
)
