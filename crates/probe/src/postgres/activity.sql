-- What this database counted. Where nobody says since when, it is at least since the server started.
SELECT
    extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))::int8 AS seconds,
    blks_hit AS blocks_hit,
    blks_read AS blocks_read,
    deadlocks,
    temp_files AS temporary_files,
    temp_bytes AS temporary_bytes,
    xact_commit AS commits,
    xact_rollback AS rollbacks
FROM pg_stat_database
WHERE datname = current_database()
