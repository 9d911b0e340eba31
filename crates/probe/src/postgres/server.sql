-- The server, the role that asks, and what is left of connections and transaction numbers.
SELECT
    current_database() AS database,
    current_setting('server_version') AS version,
    current_setting('server_version_num')::int / 10000 AS major,
    to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS taken_at,
    current_user AS role,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
    pg_is_in_recovery() AS is_replica,
    extract(epoch FROM now() - pg_postmaster_start_time())::int8 AS uptime,
    current_setting('block_size')::int8 AS block_size,
    (SELECT sum(numbackends)::int8 FROM pg_stat_database) AS connections,
    current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8
        AS max_connections,
    oldest.transaction AS oldest_transaction,
    oldest.datname AS oldest_database,
    (SELECT max(mxid_age(datminmxid))::int8 FROM pg_database) AS oldest_multixact,
    archiver.failed AS archive_failed
FROM
    (SELECT datname, age(datfrozenxid)::int8 AS transaction
     FROM pg_database ORDER BY 2 DESC, 1 LIMIT 1) AS oldest,
    (SELECT failed_count > 0 AND last_failed_time > coalesce(last_archived_time, '-infinity') AS failed
     FROM pg_stat_archiver) AS archiver
