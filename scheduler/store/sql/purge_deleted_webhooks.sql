-- Removes deliveries of deleted webhooks, $1 at most, and webhooks that were deleted before $2 and have
-- none: a commit under way when one is deleted may still write some. Returns a row for each delivery.
-- 0 rows: there was none.
WITH gone AS (
  SELECT key, delete_time FROM webhook WHERE delete_time IS NOT NULL ORDER BY key LIMIT 100
), emptied AS (
  DELETE FROM webhook w
  USING gone
  WHERE w.key = gone.key AND gone.delete_time < $2::timestamptz
    AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_key = gone.key)
)
DELETE FROM webhook_delivery
WHERE key = ANY (ARRAY(
  SELECT d.key
  FROM gone CROSS JOIN LATERAL (SELECT f.key FROM webhook_delivery f
                                WHERE f.webhook_key = gone.key LIMIT $1::bigint) d
  LIMIT $1::bigint))
RETURNING key
