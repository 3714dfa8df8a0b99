SELECT region, count(DISTINCT zone), count(*)
FROM zone_changes
WHERE ds = '{{ ds }}'
GROUP BY region
ORDER BY region;
