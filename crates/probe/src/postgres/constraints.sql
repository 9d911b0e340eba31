-- Keys and checks of tables.
SELECT
    n.nspname AS schema,
    c.relname AS "table",
    k.conname AS name,
    pg_get_constraintdef(k.oid) AS definition,
    NOT k.convalidated AS unvalidated
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x')
    AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND NOT c.oid::int8 = ANY ($1)
    AND (k.confrelid = 0 OR NOT k.confrelid::int8 = ANY ($1))
    -- a partitioned table has one more for each partition of what it references
    AND k.conparentid = 0
ORDER BY n.nspname, c.relname, k.conname
