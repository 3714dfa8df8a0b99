"""DAG files that could not be read, and asking that a file is read again."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import PageQuery, PatternText, page_of, pattern_of
from windward.api.file_tokens import file_of_token
from windward.api.public.dag_versions import BUNDLE
from windward.engine.people import dags
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.ports.listings.files import ErrorRow, error_id
from windward.ports.listings.page import Page, PageRequest

TAG = "Import Error"
REDACTED = "REDACTED - you do not have read permission on all Dags in the file"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class ImportErrorResponse(msgspec.Struct, kw_only=True):
    """A file that could not be read, and why."""

    import_error_id: int
    timestamp: datetime
    filename: str
    bundle_name: str | None
    stack_trace: str


class ImportErrorCollectionResponse(msgspec.Struct, kw_only=True):
    """Files that could not be read."""

    import_errors: list[ImportErrorResponse]
    total_entries: int


class ErrorsQuery(PageQuery, kw_only=True):
    """Which files."""

    filename_pattern: PatternText | None = None
    filename_prefix_pattern: PatternText | None = None
    filename: str | None = None
    bundle_name: str | None = None


def get_import_errors(call: Call[ErrorsQuery, Nothing]) -> ImportErrorCollectionResponse:
    """List files that could not be read."""
    query = call.query
    page: Page[ErrorRow] = Page(rows=(), total=0)
    if query.bundle_name in (None, BUNDLE):
        page = call.services.listings.files.errors(
            page_of(query),
            reach=call.reach,
            path=pattern_of(query.filename_pattern, query.filename_prefix_pattern),
            fileloc=query.filename,
        )
    return ImportErrorCollectionResponse(
        import_errors=[_response(row) for row in page.rows], total_entries=page.total or 0
    )


def get_import_error(call: Call[Nothing, Nothing]) -> ImportErrorResponse:
    """Show a file that could not be read."""
    number, files = call.number("import_error_id"), call.services.listings.files
    for fileloc in files.error_paths():
        if error_id(fileloc) == number:
            for row in files.errors(PageRequest(limit=1), reach=call.reach, fileloc=fileloc).rows:
                return _response(row)
    raise NotFoundError(f"The ImportError with import_error_id: `{number}` was not found")


def _response(row: ErrorRow) -> ImportErrorResponse:
    return ImportErrorResponse(
        import_error_id=error_id(row.fileloc),
        timestamp=row.parsed_at or _NEVER,
        filename=row.fileloc,
        bundle_name=BUNDLE,
        stack_trace=row.error if row.is_whole else REDACTED,
    )


def reparse_dag_file(call: Call[Nothing, Nothing]) -> None:
    """Ask that a file is read again."""
    services = call.services
    fileloc = file_of_token(services.settings.api.secret_key, call.text("file_token"))
    if fileloc is None:
        raise NotFoundError("this is no token of a DAG file")
    of_file = services.listings.files.dags_of(fileloc)
    if not of_file:
        call.demand(Verb.EDIT, Resource.DAG)
    for dag_id in of_file:
        call.demand(Verb.EDIT, Resource.DAG, dag_id=dag_id)
    dags.ask_parse(services.desk, fileloc)


_READ = Needs(verb=Verb.READ, resource=Resource.IMPORT_ERROR, scope=Scope.LISTED)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/importErrors",
        name="get_import_errors",
        tag=TAG,
        summary="List DAG files that could not be read.",
        access=_READ,
        query=ErrorsQuery,
        reply=ImportErrorCollectionResponse,
        handler=get_import_errors,
        errors=[400],
    ),
    operation(
        "GET",
        "/api/v2/importErrors/{import_error_id}",
        name="get_import_error",
        tag=TAG,
        summary="Show a DAG file that could not be read.",
        access=_READ,
        reply=ImportErrorResponse,
        handler=get_import_error,
        errors=[404],
    ),
    operation(
        "PUT",
        "/api/v2/parseDagFile/{file_token}",
        name="reparse_dag_file",
        tag="DAG Parsing",
        summary="Ask that a DAG file, named by the `file_token` of one of its DAGs, is read again.",
        access=Needs(verb=Verb.EDIT, resource=Resource.DAG, scope=Scope.LISTED),
        status=201,
        handler=reparse_dag_file,
        errors=[404],
    ),
)
