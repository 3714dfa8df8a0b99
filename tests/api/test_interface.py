"""The web interface as it is served: its page for every address of its own, its files for ever, and no other."""

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from windward.api.interface import Interface, built
from windward.api.routing import RoutesByLength

PAGE = '<!doctype html><meta name="csp-nonce" content="" /><script type="module" src="/assets/main-1.js"></script>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets/main-1.js").write_text("work()")
    (tmp_path / "assets/main-1.js.gz").write_bytes(gzip.compress(b"work()"))
    (tmp_path / "secret.txt").write_text("not to be had")
    return tmp_path


@pytest.fixture
def browser(folder: Path) -> TestClient:
    app = Starlette()
    app.router = RoutesByLength(Interface(folder).routes())
    return TestClient(app)


@pytest.mark.parametrize(
    "path", ["/", "/dags", "/dags/sales/runs/scheduled__2026-01-01T00:00:00+00:00", "/a/b/c"]
)
def test_every_address_of_its_own_is_the_page(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"


def test_a_page_that_was_built_anew_is_shown_at_once(browser: TestClient, folder: Path) -> None:
    assert "main-1.js" in browser.get("/").text
    (folder / "index.html").unlink()
    assert "main-1.js" in browser.get("/").text
    (folder / "index.html").write_text(PAGE.replace("main-1", "main-2"))
    assert "main-2.js" in browser.get("/").text


@pytest.mark.parametrize(
    "path", ["/api/v2/nothing", "/auth/nothing", "/assets/nothing.js", "/login/nothing", "/execution/1/x"]
)
def test_an_address_of_the_api_is_never_the_page(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_page_is_read_and_nothing_else(browser: TestClient) -> None:
    assert browser.post("/dags").status_code == 404


def test_each_page_lets_its_own_styles_in_and_no_script_of_others(browser: TestClient) -> None:
    first, second = browser.get("/"), browser.get("/")
    policies = [answer.headers["content-security-policy"] for answer in (first, second)]
    assert policies[0] != policies[1]
    nonce = first.text.split('content="')[1].split('"')[0]
    assert f"style-src 'self' 'nonce-{nonce}'" in policies[0]
    assert "script-src 'self';" in policies[0]
    assert "unsafe" not in policies[0]
    assert first.headers["x-frame-options"] == "DENY"


def test_a_file_is_kept_for_ever_and_sent_compressed_to_who_takes_it(browser: TestClient) -> None:
    packed = browser.get("/assets/main-1.js")
    assert (packed.text, packed.headers["content-encoding"]) == ("work()", "gzip")
    assert "immutable" in packed.headers["cache-control"]
    plain = browser.get("/assets/main-1.js", headers={"accept-encoding": "identity"})
    assert plain.text == "work()"
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "name", ["../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "main-1.js.gz", ".hidden"]
)
def test_nothing_else_of_the_disk_can_be_had(browser: TestClient, name: str) -> None:
    answer = browser.get(f"/assets/{name}")
    assert "not to be had" not in answer.text
    assert answer.status_code in {200, 404}
    assert answer.status_code == 404 or answer.headers["content-type"].startswith("text/html")


def test_without_a_build_there_is_none(tmp_path: Path) -> None:
    assert built(tmp_path) is None
