-- Returns a webhook, perhaps a deleted one. $1 its key. 0 rows: no such webhook.
SELECT key, project, id, uid, coalesce(request_id, '') AS request_id, request_hash, display_name, url,
       secret, events, created_by, unix_us(create_time) AS create_time,
       unix_us(failing_since) AS failing_since, unix_us(disable_time) AS disable_time,
       disable_reason
FROM webhook
WHERE key = $1::bigint
