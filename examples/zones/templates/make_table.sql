-- Runs before every load; the first one makes the table.
CREATE TABLE IF NOT EXISTS zone_changes (
    ds        TEXT    NOT NULL,  -- the day of the run, which looks a year ahead
    zone      TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    at        TEXT    NOT NULL,  -- UTC
    before_s  INTEGER NOT NULL,  -- seconds east of UTC, before the change and after it
    after_s   INTEGER NOT NULL,
    PRIMARY KEY (ds, zone, at)
);
