-- Proves leadership for the rest of the transaction, extends it and marks the batch as written.
-- $1 cell, $2 epoch, $3 sequence of the batch, $4 time to live in microseconds.
-- Returns the newest batch before this one. 0 rows: another leads.
UPDATE leadership l
SET last_batch = greatest(held.last_batch, $3::bigint),
    expires_at = greatest(l.expires_at, clock_timestamp() + $4::bigint * interval '1 microsecond')
FROM (SELECT cell, last_batch FROM leadership WHERE cell = $1::text FOR NO KEY UPDATE) held
WHERE l.cell = held.cell AND l.epoch = $2::bigint AND l.instance <> ''
RETURNING held.last_batch
