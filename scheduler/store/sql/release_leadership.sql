-- Ends the leadership. $1 cell, $2 epoch. 0 rows: it was lost already.
UPDATE leadership SET instance = '', expires_at = clock_timestamp() WHERE cell = $1 AND epoch = $2
