-- Returns deliveries of a webhook, newest first. $1 its key, $2 the key to come after, $3 how many at
-- most. 0 rows: no more.
SELECT key, event, subject_key, subject_id, reason, unix_us(time) AS time, state,
       unix_us(due_time) AS due_time, attempts, tries, unix_us(last_time) AS last_time, last_status,
       last_error, last_latency_us
FROM webhook_delivery
WHERE webhook_key = $1::bigint AND webhook_delivery.key < $2::bigint
ORDER BY webhook_delivery.key DESC
LIMIT $3::bigint
