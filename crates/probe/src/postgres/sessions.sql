-- Connections of clients but this one. Who blocks a session is asked only where it waits for a lock.
SELECT
    a.pid::int8,
    a.datname AS database,
    a.usename AS role,
    coalesce(r.rolsuper, false) AS is_superuser,
    nullif(a.application_name, '') AS application,
    a.client_addr IS NOT NULL AND NOT (a.client_addr <<= '127.0.0.0/8'::inet OR a.client_addr = '::1'::inet)
        AND a.client_addr IS DISTINCT FROM inet_server_addr() AS is_remote,
    s.ssl AS encrypted,
    a.state,
    a.wait_event_type AS waits_for,
    extract(epoch FROM clock_timestamp() - a.xact_start)::int8 AS transaction_seconds,
    extract(epoch FROM clock_timestamp() - a.state_change)::int8 AS state_seconds,
    CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blocked_by,
    a.query AS statement
FROM pg_stat_activity a
LEFT JOIN pg_roles r ON r.oid = a.usesysid
LEFT JOIN pg_stat_ssl s ON s.pid = a.pid
WHERE a.pid <> pg_backend_pid()
    AND a.usesysid IS NOT NULL
    AND coalesce(a.backend_type, 'client backend') = 'client backend'
ORDER BY a.pid
LIMIT 1000
