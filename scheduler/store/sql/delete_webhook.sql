-- Deletes a webhook; its rows go with purge_webhooks. $1 project, $2 id, $3 the time. Returns its key.
-- 0 rows: there is none.
UPDATE webhook
SET delete_time = $3::timestamptz, secret = ''
WHERE project = $1::text AND id = $2::text AND delete_time IS NULL
RETURNING key
