-- Delete, then insert, in one transaction: a day that is loaded again ends with the same rows, and nobody ever sees
-- half of it. The day is filled in by Airflow's templates; `:books` is bound by the database driver, because what
-- a crawl brings home is never pasted into SQL.
DELETE FROM books WHERE ds = '{{ ds }}';

INSERT INTO books (ds, path, title, shelf, price_cents)
SELECT
    '{{ ds }}',
    json_extract(value, '$.path'),
    json_extract(value, '$.title'),
    json_extract(value, '$.shelf'),
    json_extract(value, '$.price_cents')
FROM json_each(:books);
