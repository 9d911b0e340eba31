-- Settings as a new session has them: what this session set for itself does not count.
SELECT name, reset_val AS value, unit
FROM pg_settings
WHERE name IN (
    'archive_mode', 'autovacuum', 'autovacuum_analyze_scale_factor', 'autovacuum_freeze_max_age',
    'autovacuum_vacuum_scale_factor', 'autovacuum_vacuum_threshold', 'effective_cache_size', 'fsync',
    'full_page_writes', 'idle_in_transaction_session_timeout', 'log_min_duration_statement', 'maintenance_work_mem',
    'max_connections', 'max_wal_size', 'password_encryption', 'random_page_cost', 'shared_buffers',
    'shared_preload_libraries', 'ssl', 'statement_timeout', 'synchronous_commit', 'track_activities', 'track_counts',
    'wal_level', 'work_mem'
)
ORDER BY name
