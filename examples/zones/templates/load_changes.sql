-- Delete, then insert, in one transaction: a day that is loaded again ends with the same rows.
DELETE FROM zone_changes WHERE ds = '{{ ds }}';

INSERT INTO zone_changes (ds, zone, region, at, before_s, after_s)
SELECT
    '{{ ds }}',
    json_extract(value, '$.zone'),
    json_extract(value, '$.region'),
    json_extract(value, '$.at'),
    json_extract(value, '$.before_s'),
    json_extract(value, '$.after_s')
FROM json_each(:changes);
