-- Ends the leadership and tells those that listen. $1 cell, $2 epoch. 0 rows: it was lost already.
WITH released AS (
  UPDATE leadership SET instance = '', expires_at = clock_timestamp()
  WHERE cell = $1 AND epoch = $2 RETURNING cell
)
SELECT pg_notify('dq_leadership', cell) FROM released
