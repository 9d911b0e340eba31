-- Tables and materialized views of the database's own; what is counted of partitions counts for their table.
WITH RECURSIVE own AS (
    SELECT c.*, n.nspname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm')
        AND NOT c.relispartition
        AND c.relpersistence <> 't'
        AND n.nspname !~ '^pg_'
        AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), parts AS (
    SELECT oid AS root, oid, relkind FROM own
    UNION ALL
    SELECT parts.root, i.inhrelid, c.relkind
    FROM parts
    JOIN pg_inherits i ON i.inhparent = parts.oid
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
), counted AS (
    SELECT
        parts.root,
        sum(CASE WHEN c.reltuples >= 0 AND (c.reltuples > 0 OR c.relpages > 0)
            THEN c.reltuples ELSE s.n_live_tup END)::int8 AS rows,
        sum((c.relpages + coalesce(t.relpages, 0))::int8 * current_setting('block_size')::int8)::int8 AS bytes,
        sum(s.seq_scan)::int8 AS sequential_scans,
        sum(s.seq_tup_read)::int8 AS sequential_rows,
        sum(s.idx_scan)::int8 AS index_scans,
        sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::int8 AS writes,
        sum(s.n_dead_tup)::int8 AS dead_rows,
        sum(s.n_mod_since_analyze)::int8 AS changed_since_analyze,
        bool_and(greatest(s.last_analyze, s.last_autoanalyze) IS NOT NULL) AS analyzed
    FROM parts
    JOIN pg_class c ON c.oid = parts.oid
    LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    LEFT JOIN pg_stat_all_tables s ON s.relid = parts.oid
    WHERE parts.relkind <> 'p'
    GROUP BY parts.root
)
SELECT
    own.nspname AS schema,
    own.relname AS name,
    CASE own.relkind WHEN 'p' THEN 'partitioned table' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
    own.oid::int8 = ANY ($1) AS locked,
    counted.rows,
    counted.bytes,
    CASE WHEN own.relkind = 'p' AND NOT own.oid::int8 = ANY ($1) THEN pg_get_partkeydef(own.oid) END AS partitioned_by,
    own.relpersistence = 'u' AS unlogged,
    coalesce(own.reloptions, '{}') AS options,
    counted.sequential_scans,
    counted.sequential_rows,
    counted.index_scans,
    counted.writes,
    counted.dead_rows,
    counted.changed_since_analyze,
    counted.analyzed
FROM own
LEFT JOIN counted ON counted.root = own.oid
ORDER BY own.nspname, own.relname
