-- Returns the workers that are drained. 0 rows: none is.
SELECT worker, actor, reason, unix_us(time) AS time FROM worker_drain ORDER BY worker
