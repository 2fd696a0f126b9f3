-- Removes what ended long ago, among the oldest $2 deliveries that have ended. $1 before when. Returns the
-- keys. 0 rows: there is none.
DELETE FROM webhook_delivery
WHERE key = ANY (ARRAY(
  SELECT o.key
  FROM (SELECT key, time FROM webhook_delivery WHERE due_time IS NULL ORDER BY key LIMIT $2::bigint) o
  WHERE o.time < $1::timestamptz))
RETURNING key
