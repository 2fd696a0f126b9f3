-- Tells a webhook again of what ends from now on. $1 project, $2 id. Returns its key. 0 rows: no such
-- webhook.
UPDATE webhook
SET disable_time = NULL, disable_reason = 0, failing_since = NULL
WHERE project = $1::text AND id = $2::text AND delete_time IS NULL
RETURNING key
