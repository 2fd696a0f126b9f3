-- Takes the leadership when it is free, expired or the caller's already.
-- $1 cell, $2 instance, $3 address, $4 time to live in microseconds.
-- Returns the new epoch, or no epoch and who leads: instance, address, microseconds that it lives
-- unless it is extended. 0 rows: another has just begun.
WITH acquired AS (
  INSERT INTO leadership AS l (cell, epoch, instance, address, expires_at, last_batch,
                               schema_version)
  VALUES ($1, 1, $2, $3, clock_timestamp() + $4::bigint * interval '1 microsecond', 0, 18)
  ON CONFLICT (cell) DO UPDATE
  SET epoch = l.epoch + 1, instance = excluded.instance, address = excluded.address,
      expires_at = clock_timestamp() + $4::bigint * interval '1 microsecond', last_batch = 0
  WHERE l.expires_at <= clock_timestamp() OR l.instance = '' OR l.instance = excluded.instance
  RETURNING epoch
)
SELECT epoch, $2 AS instance, $3 AS address, 0::bigint AS lives_us FROM acquired
UNION ALL
SELECT NULL, instance, address,
       (extract(epoch FROM expires_at - clock_timestamp()) * 1000000)::bigint
FROM leadership
WHERE cell = $1 AND NOT EXISTS (SELECT FROM acquired)
