-- Tells a webhook again of what ends from now on: what came to it while it was disabled is abandoned. $1
-- project, $2 id. 0 rows: always.
WITH enabled AS (
  UPDATE webhook w
  SET disable_time = NULL, disable_reason = 0, failing_since = NULL
  FROM (SELECT key, disable_time
        FROM webhook
        WHERE project = $1::text AND id = $2::text AND delete_time IS NULL
        FOR UPDATE) before
  WHERE w.key = before.key
  RETURNING w.key, before.disable_time
)
UPDATE webhook_delivery d
SET state = 4, due_time = NULL
FROM enabled e
WHERE d.webhook_key = e.key AND e.disable_time IS NOT NULL AND d.due_time IS NOT NULL
