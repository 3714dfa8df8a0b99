"""A bookshop on loopback, so that the crawl needs no internet: its pages on any day, and a server for them.

The pages follow from the day alone, so a crawl of the same day finds the same books however often it is run. The shop
adds a book and changes prices from Monday to Saturday; on Sundays it is closed and nothing changes. Like a real site
it also holds what a spider must survive: circles of links, a broken link, links to elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OPENED = date(2026, 1, 1)
"""The first day; the shelves hold `SHELVED_AT_OPENING` books by then."""

SHELVED_AT_OPENING = 12
SHELVED_MAX = 24
"""When a new book comes in, the oldest one beyond this number has been sold."""

BOOKS_PER_PAGE = 5
SUNDAY = 7

SUBJECTS = {
    "weather": ("Clouds", "Fog", "Trade Winds", "Thunder", "Rain", "Barometers", "Snow"),
    "harbours": ("Lighthouses", "Pilots", "Breakwaters", "Ferries", "Tides", "Buoys", "Quays"),
    "instruments": ("Sextants", "Compasses", "Chronometers", "Logs & Lines", "Globes", "Lenses", "Charts"),
}
"""Shelves, and what their books are about."""

TITLES = ("{} for Beginners", "A Short History of {}", "The Pocket Book of {}", "{} at Night", "On {}")


@dataclass(frozen=True)
class Book:
    """A book on a shelf of the shop."""

    number: int
    shelf: str
    title: str
    price_cents: int

    @property
    def path(self) -> str:
        """The address of its page within the shop."""
        return f"/books/{self.number}.html"


def working_days(day: date) -> int:
    """Return how often the shop has opened from its first day to `day`, both included."""
    days = (day - OPENED).days + 1
    weeks, rest = divmod(days, 7)
    first = OPENED.isoweekday()
    sundays = weeks + sum((first + offset - 1) % 7 + 1 == SUNDAY for offset in range(rest))
    return days - sundays


def books_on(day: date) -> list[Book]:
    """Return the books on the shelves on `day`."""
    opened = max(working_days(day), 0)
    newest = SHELVED_AT_OPENING + opened
    return [_book(number, opened) for number in range(max(newest - SHELVED_MAX, 0) + 1, newest + 1)]


def _book(number: int, opened: int) -> Book:
    """Return a book by its number. Every seventh working day after it came in, its price drops by 5 %, thrice at most."""
    shelf = list(SUBJECTS)[number % len(SUBJECTS)]
    subjects = SUBJECTS[shelf]
    title = TITLES[number % len(TITLES)].format(subjects[number // len(SUBJECTS) % len(subjects)])
    full_cents = 900 + number * 370 % 2600
    drops = min(max(opened - max(number - SHELVED_AT_OPENING, 0), 0) // 7, 3)
    return Book(number, shelf, title, round(full_cents * 0.95**drops))


def pages_on(day: date) -> dict[str, str]:
    """Return the whole site on `day`: path to HTML."""
    books = books_on(day)
    pages = {"/": _page("Sea & Sky Books", _links((f"/shelves/{s}-1.html", s.title()) for s in SUBJECTS))}
    for shelf in SUBJECTS:
        pages |= _shelf_pages(shelf, [book for book in books if book.shelf == shelf])
    return pages | {book.path: _book_page(book) for book in books}


def _shelf_pages(shelf: str, books: list[Book]) -> dict[str, str]:
    """Return the pages of a shelf: each lists some books, and links to the next page and home."""
    pages: dict[str, str] = {}
    last = max((len(books) - 1) // BOOKS_PER_PAGE, 0) + 1
    for number in range(1, last + 1):
        listed = books[(number - 1) * BOOKS_PER_PAGE : number * BOOKS_PER_PAGE]
        links = [(book.path, book.title) for book in listed]
        links += [(f"/shelves/{shelf}-{number + 1}.html", "more")] if number < last else []
        links += [("/", "home"), ("https://sea-and-sky.example/about", "our other shop")]
        pages[f"/shelves/{shelf}-{number}.html"] = _page(f"{shelf.title()}, page {number}", _links(links))
    return pages


def _book_page(book: Book) -> str:
    price = f"{book.price_cents / 100:.2f}"
    links = [
        (f"/shelves/{book.shelf}-1.html", "back"),
        ("/covers/lost.html", "cover"),
        ("mailto:books@localhost", "ask"),
    ]
    facts = f'<p>In stock for <span class="price">€ {price}</span></p>'
    return _page(
        book.title, f'<article class="book" data-shelf="{book.shelf}">{facts}</article>{_links(links)}'
    )


def _links(links: Iterable[tuple[str, str]]) -> str:
    items = "".join(f'<li><a href="{escape(path)}">{escape(text)}</a></li>' for path, text in links)
    return f"<ul>{items}</ul>"


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)} - Sea &amp; Sky Books</title>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>'


@contextmanager
def open_shop(day: date) -> Iterator[str]:
    """Serve the shop of `day` on a free port of the loopback interface; yield its address."""
    pages = pages_on(day)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            body = (page or _page("Not found", "")).encode()
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
            """Say nothing: the spider logs what it fetches."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
