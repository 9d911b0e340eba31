-- Statements that took most of the time. The view stands in the schema that the extension was made in; its columns were
-- renamed in PostgreSQL 13, so that they are asked for by either name.
SELECT
    s.data ->> 'query' AS text,
    (s.data ->> 'calls')::int8 AS calls,
    coalesce(s.data ->> 'total_exec_time', s.data ->> 'total_time')::float8 AS total_ms,
    coalesce(s.data ->> 'max_exec_time', s.data ->> 'max_time')::float8 AS max_ms,
    (s.data ->> 'rows')::int8 AS rows,
    (s.data ->> 'shared_blks_hit')::int8 AS blocks_hit,
    (s.data ->> 'shared_blks_read')::int8 AS blocks_read,
    (s.data ->> 'temp_blks_written')::int8 AS temporary_blocks
FROM (SELECT to_jsonb(p) AS data FROM {schema}.pg_stat_statements AS p
      WHERE p.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS s
WHERE s.data ->> 'query' IS NOT NULL
ORDER BY 3 DESC, 1
LIMIT 500
