-- The schema of the extension that counts statements, where it is.
SELECT n.nspname AS name
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
