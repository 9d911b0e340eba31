-- Who may come in how.
SELECT
    line_number::int8 AS line,
    type AS kind,
    coalesce(database, '{}') AS databases,
    coalesce(user_name, '{}') AS roles,
    CASE WHEN netmask IS NULL THEN address ELSE address || ' ' || netmask END AS address,
    auth_method AS method
FROM pg_hba_file_rules
WHERE error IS NULL
ORDER BY line_number
