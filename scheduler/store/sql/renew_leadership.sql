-- Extends the leadership. $1 cell, $2 epoch, $3 time to live in microseconds. 0 rows: it is lost.
UPDATE leadership
SET expires_at = clock_timestamp() + $3::bigint * interval '1 microsecond'
WHERE cell = $1 AND epoch = $2 AND instance <> ''
