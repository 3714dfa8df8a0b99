"""The page: nothing of it is code, and it shows what its reader may see."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import NOW, Client, FakeGate
from windward.api.page import render_page
from windward.document import DagDocument
from windward.model.access import Permission, Resource, Verb
from windward.model.files import FileRecord
from windward.model.records import RunRecord
from windward.model.states import RunState, RunType
from windward.ports.reads import DagSummary
from windward.store.sql.open import SqlStore
from windward.timetable.schedule import NullSchedule


def run_of(text: str) -> RunRecord:
    return RunRecord(
        run_pk=1,
        dag_id=text,
        run_id=text,
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        document_hash="h",
        run_after=NOW,
        start_date=NOW - timedelta(seconds=5),
        reason=text,
    )


def dag_of(text: str) -> DagSummary:
    return DagSummary(
        dag_id=text,
        display_name=text,
        description=text,
        is_paused=False,
        is_active=True,
        fileloc=text,
        owners=(text,),
        tags=(text,),
        schedule_text=text,
        timezone="UTC",
        has_import_errors=False,
        document_hash="h",
        last_run_after=None,
    )


def page_of(text: str) -> str:
    return render_page(
        title=text,
        version="1",
        who=text,
        health={"scheduler": {"status": "healthy"}, "triggerer": {"status": None}},
        dags=[dag_of(text)],
        runs=[run_of(text)],
        errors=[FileRecord(fileloc=text, content_hash="", error=text)],
        now=NOW,
    )


class Outline(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    found.close()
    return found


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=40)
    | st.sampled_from(["<script>", '"><img src=x onerror=1>', "</style>", "&lt;"])
)
def test_no_text_becomes_markup(text: str) -> None:
    assert outline(page_of(text)).tags == outline(page_of("plain")).tags


def test_a_page_shows_dags_runs_and_errors() -> None:
    text = "".join(outline(page_of("orders")).text)
    assert text.count("orders") >= 8
    assert "5.0 s" in text


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = page_of("orders")
    assert not re.search(r"https?://|<script|<link|<img|@import|url\(", page)


def test_the_page_is_for_people_who_signed_in(client: Client) -> None:
    assert client.get("/").status == 401
    assert client.get("/").headers["www-authenticate"].startswith("Basic")
    assert client.get("/", user="admin", password="wrong").status == 401
    assert client.get("/", user="other", password=client.password).status == 401
    answer = client.get("/", user="admin", password=client.password)
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert b"Test &lt;b&gt;&amp;" in answer.body


def test_a_browser_that_is_not_signed_in_is_sent_to_where_it_signs_in(client: Client) -> None:
    answer = client.ask("GET", "/", headers={"accept": "text/html,*/*"})
    assert (answer.status, answer.headers["location"]) == (303, "/login")


def test_the_page_shows_nothing_of_dags_that_its_reader_may_not_see(
    client: Client, gate: FakeGate, store: SqlStore
) -> None:
    for dag_id in ("shown", "hidden"):
        store.catalog.put_file(
            FileRecord(fileloc=f"{dag_id}.py", content_hash="0", dag_ids=(dag_id,)),
            [
                (
                    f"{dag_id:0<32}",
                    b"",
                    DagDocument(dag_id=dag_id, fileloc=f"{dag_id}.py", schedule=NullSchedule()),
                )
            ],
            paused_at_creation=False,
            now=NOW,
        )
    store.catalog.put_file(
        FileRecord(fileloc="broken.py", content_hash="1", error="no"), [], paused_at_creation=False, now=NOW
    )
    gate.permissions["one"] = frozenset({Permission(resource=Resource.DAG, verb=Verb.READ, dag_id="shown")})

    seen = client.ask("GET", "/", role="one").body
    assert b"shown" in seen
    assert b"hidden" not in seen
    assert b"broken.py" not in seen
    assert b"broken.py" in client.ask("GET", "/", role="viewer").body


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!!", "Basic YWRtaW4=", "Bearer x", "Basic /////w==", "X y"]
)
def test_a_broken_header_is_no_user(client: Client, header: str) -> None:
    assert client.ask("GET", "/api/windward/v1/me", headers={"authorization": header}).status == 401
