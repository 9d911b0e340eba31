-- Transactions that were prepared and neither committed nor rolled back.
SELECT gid AS name, database, extract(epoch FROM now() - prepared)::int8 AS seconds
FROM pg_prepared_xacts
ORDER BY prepared, gid
