"""The crawl example: its site and spider as functions, and the whole DAG by `windward dags test`."""

import os
import subprocess
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from examples.crawl import shop, spider
from tests.examples.conftest import EXAMPLES, Home

FRIDAY, SATURDAY, SUNDAY = "2026-11-20", "2026-11-21", "2026-11-22"
DAYS = st.dates(date(2026, 1, 1), date(2035, 12, 31))


def crawl(pages: dict[str, str], *, pages_max: int = spider.PAGES_MAX) -> dict[str, spider.Page | None]:
    """Crawl a site that is a dict of paths, in the order in which its pages are visited."""
    site = "http://site.test"
    fetched = spider.crawl(f"{site}/", lambda url: pages.get(url.removeprefix(site)), pages_max=pages_max)
    return dict(fetched)


def links(*targets: str) -> str:
    return "".join(f'<a href="{target}">x</a>' for target in targets)


def test_the_nearest_pages_are_visited_first() -> None:
    pages = {"/": links("/a", "/b"), "/a": links("/a/deep"), "/b": "", "/a/deep": ""}

    assert list(crawl(pages)) == ["/", "/a", "/b", "/a/deep"]


def test_a_circle_of_links_ends() -> None:
    pages = {"/": links("/a", "/#top"), "/a": links("/", "a", "../a", "/a#part")}

    assert list(crawl(pages)) == ["/", "/a"]


def test_links_that_leave_the_site_are_not_followed() -> None:
    pages = {"/": links("http://other.test/", "https://site.test/", "mailto:a@site.test", "//other.test/b")}

    assert list(crawl(pages)) == ["/"]


def test_a_site_without_end_is_left_at_the_limit() -> None:
    pages = {"/": links("/1")} | {f"/{n}": links(f"/{n + 1}") for n in range(1, 100)}

    assert len(crawl(pages, pages_max=10)) == 10


def test_a_broken_link_is_a_page_that_is_none() -> None:
    assert crawl({"/": links("/gone")})["/gone"] is None


def test_a_book_is_read_with_entities_and_spaces_made_plain() -> None:
    page = spider.read_page(
        '<h1>Logs &amp;\n  Lines</h1><article class="book" data-shelf="ships"><span class="price">€ 1,012.5</span>'
    )

    assert page == spider.Page(title="Logs & Lines", links=(), shelf="ships", price_cents=101_250)


@given(st.integers(0, 10**9))
def test_a_price_reads_as_it_was_written(cents: int) -> None:
    assert spider.price_in_cents(f"only € {cents / 100:,.2f} today") == cents


@given(DAYS)
def test_the_spider_finds_every_book_of_the_shop(day: date) -> None:
    found = crawl(shop.pages_on(day))

    books = {
        (path, page.title, page.shelf, page.price_cents)
        for path, page in found.items()
        if page and page.shelf
    }
    assert books == {(book.path, book.title, book.shelf, book.price_cents) for book in shop.books_on(day)}


@given(DAYS)
def test_the_shop_changes_on_each_day_but_sundays(day: date) -> None:
    is_sunday = day.isoweekday() == 7

    assert (shop.books_on(day) == shop.books_on(day - timedelta(days=1))) is is_sunday


def test_the_shop_answers_on_loopback() -> None:
    with shop.open_shop(date(2026, 11, 20)) as address:
        assert address.startswith("http://127.0.0.1:")
        assert "Sea &amp; Sky Books" in (spider.fetch(address) or "")
        assert spider.fetch(f"{address}covers/lost.html") is None


def test_a_run_loads_the_books_of_its_day_and_reports_them(home: Home) -> None:
    home.test("crawl_site.py", FRIDAY)

    expected = [
        (book.path, book.title, book.shelf, book.price_cents) for book in shop.books_on(date(2026, 11, 20))
    ]
    rows = home.rows(f"SELECT path, title, shelf, price_cents FROM books WHERE ds = '{FRIDAY}'")
    assert sorted(rows) == sorted(expected)
    shelves = [line.split() for line in (home.output / f"books-{FRIDAY}.txt").read_text().splitlines()[3:]]
    total = sum(book.price_cents for book in shop.books_on(date(2026, 11, 20)) if book.shelf == "harbours")
    assert [row[0] for row in shelves] == sorted(shop.SUBJECTS)
    assert shelves[0][1:] == ["8", "10.80", "31.41", f"{total / 100:.2f}"]
    assert "succeeded" in (home.output / "crawl_site-last-run.txt").read_text()


def test_a_day_without_news_takes_the_other_branch_and_still_reports(home: Home) -> None:
    home.test("crawl_site.py", SATURDAY)

    printed = home.test("crawl_site.py", SUNDAY)

    states = dict(line.split()[:2] for line in printed.splitlines() if line.startswith("  "))
    assert (states["load_books"], states["nothing_is_new"], states["report"]) == (
        "skipped",
        "success",
        "success",
    )
    assert home.rows("SELECT DISTINCT ds FROM books") == [(SATURDAY,)]
    on_saturday, on_sunday = ((home.output / f"books-{day}.txt").read_text() for day in (SATURDAY, SUNDAY))
    assert on_sunday == on_saturday.replace(SATURDAY, SUNDAY)


def test_a_repeated_day_ends_with_the_same_rows_whatever_came_after(home: Home) -> None:
    home.test("crawl_site.py", FRIDAY)
    home.test("crawl_site.py", SATURDAY)
    before = home.rows("SELECT * FROM books ORDER BY ds, path")

    home.test("crawl_site.py", FRIDAY)

    assert home.rows("SELECT * FROM books ORDER BY ds, path") == before


def test_what_a_site_calls_its_shelves_never_becomes_a_command(tmp_path: Path) -> None:
    script = (EXAMPLES / "crawl/templates/report.sh").read_text()
    hostile = [
        f"$(touch {tmp_path}/ran)",
        f"x|1|PATH[$(touch {tmp_path}/ran)]|1|1|1",
        f"`touch {tmp_path}/ran`|1",
        "%n%s",
    ]
    environ = {**os.environ, "DAY": "today", "REPORT": f"{tmp_path}/report", "SHELVES": "\n".join(hostile)}

    subprocess.run(["bash", "-c", script], env=environ, check=True, stdout=subprocess.DEVNULL)

    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert "$(touch" in (tmp_path / "report").read_text()


def test_a_run_that_fails_leaves_a_note(home: Home) -> None:
    (home.output / "examples.sqlite").mkdir(parents=True)  # no database can be opened there

    done = home.windward("dags", "test", str(EXAMPLES / "crawl_site.py"), FRIDAY)

    assert done.returncode == 1
    assert "failed" in (home.output / "crawl_site-last-run.txt").read_text()
