"""A spider: follow the links of a site breadth-first, and read books from its pages. Fetching is the caller's."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

PAGES_MAX = 200
"""A crawl stops here: no site, however many links it invents, keeps a task busy for ever."""

PAGE_BYTES_MAX = 1_000_000
FETCH_TIMEOUT_S = 10.0

Fetch = Callable[[str], str | None]
"""Takes an address; returns the HTML found there, or None when there is no such page."""


@dataclass(frozen=True)
class Page:
    """What the spider reads in one page."""

    title: str
    links: tuple[str, ...]
    shelf: str | None
    """Set on pages that describe a book."""
    price_cents: int | None


def fetch(url: str) -> str | None:
    """Return the page at `url`, or None when the site has none; other trouble is raised, and the task is retried."""
    request = Request(url, headers={"User-Agent": "windward-example-crawler"})
    opener = build_opener(ProxyHandler({}))  # the shop is on this machine, where no proxy finds it
    try:
        with opener.open(request, timeout=FETCH_TIMEOUT_S) as response:
            body: bytes = response.read(PAGE_BYTES_MAX)
            return body.decode(response.headers.get_content_charset() or "utf-8", errors="replace")
    except HTTPError as error:
        if error.code == 404:
            return None
        raise


def crawl(start: str, fetch_page: Fetch, *, pages_max: int = PAGES_MAX) -> Iterable[tuple[str, Page | None]]:
    """Yield path and page of everything that links lead to from `start`, the nearest first, each address once.

    Links that leave the site are not followed. A page that does not exist is yielded as None.
    """
    site = urlsplit(start)
    waiting, seen = deque([start]), {start}
    while waiting:
        url = waiting.popleft()
        html = fetch_page(url)
        page = None if html is None else read_page(html)
        yield urlsplit(url).path, page
        for link in page.links if page else ():
            target = urldefrag(urljoin(url, link)).url
            parts = urlsplit(target)
            is_on_site = (parts.scheme, parts.netloc) == (site.scheme, site.netloc)
            if is_on_site and target not in seen and len(seen) < pages_max:
                seen.add(target)
                waiting.append(target)


def read_page(html: str) -> Page:
    """Return the title, the links and, where there is one, the book of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    price = "".join(reader.texts["price"])
    return Page(
        title=" ".join("".join(reader.texts["title"]).split()),
        links=tuple(reader.links),
        shelf=reader.shelf,
        price_cents=price_in_cents(price) if reader.shelf else None,
    )


def price_in_cents(text: str) -> int | None:
    """Return the first amount in a text (`€ 12.50`, `1,299.00`, `7`) in cents, or None when it holds no amount."""
    found = re.search(r"(\d[\d,]*)(?:\.(\d{1,2}))?", text)
    if found is None:
        return None
    whole, fraction = found.group(1).replace(",", ""), found.group(2) or ""
    return int(whole) * 100 + int(fraction.ljust(2, "0"))


class _Reader(HTMLParser):
    """Collects what `Page` holds: `<h1>`, `<a href>`, `<article data-shelf>`, `<span class="price">`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.shelf: str | None = None
        self.texts: dict[str, list[str]] = {"title": [], "price": []}
        self._inside: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        elif tag == "article" and values.get("class") == "book":
            self.shelf = values.get("data-shelf") or "unsorted"
        elif tag == "h1":
            self._inside = (tag, "title")
        elif tag == "span" and values.get("class") == "price":
            self._inside = (tag, "price")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and tag == self._inside[0]:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside[1]].append(data)
