"""The list of files that could not be read: its orders, page by page."""

from datetime import timedelta

from tests.api.conftest import NOW, Client
from windward.model.files import FileRecord
from windward.ports.listings.files import error_id
from windward.store.sql.open import SqlStore

URL = "/api/v2/importErrors"
FILES = [f"{number}.py" for number in range(8)]
IDS = [error_id(fileloc) for fileloc in FILES]


def numbers(client: Client, order_by: str) -> list[int]:
    """Return the ids of all pages in turn."""
    pages = [
        client.ask("GET", f"{URL}?limit=3&offset={at}&order_by={order_by}", role="viewer").json
        for at in (0, 3, 6, 9)
    ]
    assert [page["total_entries"] for page in pages] == [len(FILES)] * 4
    return [one["import_error_id"] for page in pages for one in page["import_errors"]]


def test_import_errors_are_in_the_order_that_is_asked_for(client: Client, store: SqlStore) -> None:
    for number, fileloc in enumerate(FILES):
        parsed_at = NOW - timedelta(hours=number % 2) if number else None
        file = FileRecord(
            fileloc=fileloc, content_hash="x", error=f"{number % 3}" * 1000, parsed_at=parsed_at
        )
        store.catalog.put_file(file, [], paused_at_creation=False, now=NOW)

    assert numbers(client, "import_error_id") == numbers(client, "id") == sorted(IDS)
    assert numbers(client, "-import_error_id") == sorted(IDS)[::-1]
    assert numbers(client, "bundle_name&order_by=-id") == sorted(IDS)[::-1]
    assert numbers(client, "filename") == IDS
    assert numbers(client, "-filename") == IDS[::-1]
    assert numbers(client, "stacktrace") == [IDS[at] for at in (0, 3, 6, 1, 4, 7, 2, 5)]
    known = [*sorted(IDS[2::2]), *sorted(IDS[1::2])]
    assert numbers(client, "-timestamp&order_by=import_error_id") == [*known, IDS[0]]
    assert client.ask("GET", f"{URL}?order_by=colour", role="viewer").status == 400
