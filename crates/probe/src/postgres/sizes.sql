-- The real sizes of tables and indexes in place of those that the last VACUUM saw. It opens each of them for a moment,
-- so that those that are locked are left out.
WITH RECURSIVE parts AS (
    SELECT c.oid AS root, c.oid, c.relkind
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'i', 'I')
        AND NOT c.relispartition
        AND c.relpersistence <> 't'
        AND n.nspname !~ '^pg_'
        AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT parts.root, i.inhrelid, c.relkind
    FROM parts
    JOIN pg_inherits i ON i.inhparent = parts.oid
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
)
SELECT n.nspname AS schema, c.relname AS name, sized.bytes
FROM (
    SELECT
        parts.root,
        sum(CASE WHEN parts.relkind = 'i' THEN pg_relation_size(parts.oid) ELSE pg_table_size(parts.oid) END)::int8 AS bytes
    FROM parts
    LEFT JOIN pg_index x ON x.indexrelid = parts.oid
    WHERE parts.relkind NOT IN ('p', 'I') AND NOT coalesce(x.indrelid, parts.oid)::int8 = ANY ($1)
    GROUP BY parts.root
) AS sized
JOIN pg_class c ON c.oid = sized.root
JOIN pg_namespace n ON n.oid = c.relnamespace
