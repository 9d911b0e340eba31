-- Whether the role sees what other roles' sessions and statements do, and all settings.
SELECT
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_statistics,
    pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') AS sees_settings
