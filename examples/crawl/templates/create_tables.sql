-- Runs before every crawl; the first one makes the table.
CREATE TABLE IF NOT EXISTS books (
    ds          TEXT    NOT NULL,  -- the day that was crawled
    path        TEXT    NOT NULL,  -- the page of the book
    title       TEXT    NOT NULL,
    shelf       TEXT    NOT NULL,
    price_cents INTEGER NOT NULL,
    PRIMARY KEY (ds, path)
);
