-- Makes a delivery due, with all its tries. $1 key of the webhook, $2 of the delivery, $3 the time.
-- Returns it. 0 rows: no such delivery of that webhook, or it is disabled.
UPDATE webhook_delivery
SET state = 1, due_time = $3::timestamptz, tries = 0
WHERE webhook_delivery.key = $2::bigint AND webhook_key = $1::bigint
  AND EXISTS (SELECT FROM webhook w WHERE w.key = $1::bigint AND w.disable_time IS NULL)
RETURNING key, event, subject_key, subject_id, reason, unix_us(time) AS time, state,
       unix_us(due_time) AS due_time, attempts, tries, unix_us(last_time) AS last_time, last_status,
       last_error, last_latency_us
