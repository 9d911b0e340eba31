-- Replication slots, and how much of the write-ahead log is kept for each.
SELECT
    slot_name AS name,
    slot_type AS kind,
    active,
    temporary,
    pg_wal_lsn_diff(
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
        restart_lsn
    )::int8 AS kept_bytes
FROM pg_replication_slots
ORDER BY slot_name
