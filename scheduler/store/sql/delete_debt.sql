-- Forgets what storage was owed. $1 the key. 0 rows: always.
DELETE FROM storage_debt WHERE key = $1::bigint
