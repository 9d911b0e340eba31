-- Indexes; those of partitions count for the index of their table.
WITH RECURSIVE parts AS (
    SELECT i.indexrelid AS root, i.indexrelid AS oid
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm')
        AND NOT c.relispartition
        AND c.relpersistence <> 't'
        AND n.nspname !~ '^pg_'
        AND n.nspname <> 'information_schema'
        AND NOT c.oid::int8 = ANY ($1)
    UNION ALL
    SELECT parts.root, h.inhrelid FROM parts JOIN pg_inherits h ON h.inhparent = parts.oid
), counted AS (
    SELECT
        parts.root,
        sum(s.idx_scan)::int8 AS scans,
        sum(c.relpages::int8 * current_setting('block_size')::int8)::int8 AS bytes,
        bool_or(NOT (i.indisvalid AND i.indisready)) AS invalid
    FROM parts
    JOIN pg_class c ON c.oid = parts.oid
    JOIN pg_index i ON i.indexrelid = parts.oid
    LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = parts.oid
    GROUP BY parts.root
)
SELECT
    n.nspname AS schema,
    c.relname AS "table",
    x.relname AS name,
    pg_get_indexdef(i.indexrelid) AS definition,
    i.indisunique AS "unique",
    EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) AS of_constraint,
    counted.invalid,
    i.indisreplident AS is_identity,
    counted.bytes,
    counted.scans
FROM counted
JOIN pg_index i ON i.indexrelid = counted.root
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY n.nspname, c.relname, x.relname
