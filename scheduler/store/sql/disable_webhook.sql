-- Ends the telling of a webhook, and what waits for it. $1 its key, $2 the reason, $3 the time. 0 rows:
-- always.
WITH disabled AS (
  UPDATE webhook
  SET disable_time = $3::timestamptz, disable_reason = $2::smallint
  WHERE key = $1::bigint AND disable_time IS NULL
  RETURNING key
)
UPDATE webhook_delivery d
SET state = 4, due_time = NULL
FROM disabled
WHERE d.webhook_key = disabled.key AND d.due_time IS NOT NULL
