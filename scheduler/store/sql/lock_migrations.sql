-- Waits until no other process migrates this database; held until the session ends. Never 0 rows.
SELECT pg_advisory_lock(7310871234)
