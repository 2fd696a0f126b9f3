-- Proves leadership for the rest of the transaction, extends it and marks the batch as written.
-- $1 cell, $2 epoch, $3 sequence of the batch, $4 of the batch that must be written before, $5 time to
-- live in microseconds. Refuses with DQ001: another leads; DQ002: the batch is written already; DQ005:
-- the one before is not. Never 0 rows.
WITH fenced AS (
  UPDATE leadership l
  SET last_batch = greatest(held.last_batch, $3::bigint),
      expires_at = greatest(l.expires_at, clock_timestamp() + $5::bigint * interval '1 microsecond')
  FROM (SELECT cell, last_batch FROM leadership WHERE cell = $1::text FOR NO KEY UPDATE) held
  WHERE l.cell = held.cell AND l.epoch = $2::bigint AND l.instance <> ''
  RETURNING held.last_batch
)
SELECT CASE WHEN count(*) = 0 THEN refuse('DQ001', 'another scheduler leads')
            WHEN max(last_batch) >= $3::bigint THEN refuse('DQ002', 'the batch is written already')
            WHEN max(last_batch) < $4::bigint THEN refuse('DQ005', 'the batch before is not written')
       END
FROM fenced
