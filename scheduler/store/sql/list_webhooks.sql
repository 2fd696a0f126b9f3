-- Returns the webhooks of a project, oldest first. $1 project. 0 rows: it has none.
SELECT key, project, id, uid, coalesce(request_id, '') AS request_id, request_hash, display_name, url,
       secret, events, created_by, unix_us(create_time) AS create_time,
       unix_us(failing_since) AS failing_since, unix_us(disable_time) AS disable_time,
       disable_reason
FROM webhook
WHERE project = $1::text AND delete_time IS NULL
ORDER BY webhook.key
