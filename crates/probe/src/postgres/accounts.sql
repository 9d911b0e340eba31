-- Accounts that may sign in.
SELECT rolname AS name, rolsuper AS is_superuser
FROM pg_roles
WHERE rolcanlogin
ORDER BY rolname
