-- Proves leadership for the rest of the transaction, extends it and marks the batch as written.
-- $1 cell, $2 epoch, $3 sequence of the batch, $4 of the batch that must be written before, $5 time to
-- live in microseconds. Refuses with DQ001: another leads; DQ002: the batch is written already; DQ005:
-- the one before is not. Never 0 rows.
WITH fenced AS (
  UPDATE leadership
  SET last_batch =
        CASE WHEN last_batch >= $3::bigint
             THEN CASE WHEN refuse('DQ002', 'the batch is written already') THEN 0::bigint END
             WHEN last_batch < $4::bigint
             THEN CASE WHEN refuse('DQ005', 'the batch before is not written') THEN 0::bigint END
             ELSE $3::bigint END,
      expires_at = greatest(expires_at, clock_timestamp() + $5::bigint * interval '1 microsecond')
  WHERE cell = $1::text AND epoch = $2::bigint AND instance <> ''
  RETURNING 1
)
SELECT CASE WHEN count(*) = 0 THEN refuse('DQ001', 'another scheduler leads') END
FROM fenced
