-- Sequences, and how far the column that they go with can count.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    p.last_value AS last,
    least(s.seqmax, CASE a.atttypid
        WHEN 'int2'::regtype THEN 32767
        WHEN 'int4'::regtype THEN 2147483647
        ELSE s.seqmax END) AS "end",
    s.seqcycle AS cycles,
    tn.nspname AS table_schema,
    t.relname AS "table",
    a.attname AS column
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid AND c.relpersistence <> 't'
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_sequences p ON p.schemaname = n.nspname AND p.sequencename = c.relname
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
LEFT JOIN pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE s.seqincrement > 0
    AND n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND NOT coalesce(t.oid::int8, 0) = ANY ($1)
    AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.relation = c.oid AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted)
ORDER BY n.nspname, c.relname
