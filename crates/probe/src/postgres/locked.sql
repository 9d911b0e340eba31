-- Tables that another session holds so that nobody can read them, by themselves or by an index or toast table.
SELECT DISTINCT coalesce(i.indrelid, t.oid, c.oid)::int8 AS oid
FROM pg_locks l
JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_class t ON t.reltoastrelid = c.oid
-- who waits for a row holds a lock of this mode on the row
WHERE l.locktype = 'relation'
    AND l.mode = 'AccessExclusiveLock'
    AND l.granted
    AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
