-- The bytes that the rows of large tables should take, by the planner's statistics of all their columns. Rows that are
-- wide enough to be kept apart are not estimated.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    ceil(c.reltuples
        / greatest(1, floor((current_setting('block_size')::float8 - 24) * filled.factor
            / (4 + 8 * ceil((24 + widths.bytes) / 8.0)))))::int8
        * current_setting('block_size')::int8
        -- what is kept apart is taken as it is
        + coalesce(apart.relpages, 0)::int8 * current_setting('block_size')::int8 AS bytes
FROM pg_class c
LEFT JOIN pg_class apart ON apart.oid = c.reltoastrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN LATERAL (
    SELECT
        -- each value may be moved to an even place
        sum((1 - s.null_frac) * (s.avg_width + 2)) AS bytes,
        count(s.attname) = count(*) AS all_known
    FROM pg_attribute a
    LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS widths ON widths.all_known
CROSS JOIN LATERAL (
    SELECT coalesce(max(option_value)::float8, 100) / 100 AS factor
    FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'
) AS filled
WHERE c.relkind = 'r'
    AND NOT c.relispartition
    AND c.relpages > 1000
    AND c.reltuples > 0
    AND n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND widths.bytes < 1600
