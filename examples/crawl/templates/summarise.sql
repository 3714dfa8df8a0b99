-- The shelves as they stand on this day: a day that brought nothing new was not loaded, so its books are those of the
-- last day that was.
WITH latest AS (SELECT max(ds) AS ds FROM books WHERE ds <= '{{ ds }}')
SELECT
    shelf,
    count(*),
    printf('%.2f', min(price_cents) / 100.0),
    printf('%.2f', max(price_cents) / 100.0),
    printf('%.2f', sum(price_cents) / 100.0)
FROM books JOIN latest USING (ds)
GROUP BY shelf
ORDER BY shelf;
