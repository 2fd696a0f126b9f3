-- Tells what was in the way of a webhook. $1 project, $2 id, $3 request id ('': none), $4 cell, $5 epoch.
-- Returns whether the caller leads, and the keys of the webhooks of that name and of that request
-- (NULL: none). Never 0 rows.
SELECT EXISTS (SELECT FROM leadership
               WHERE cell = $4::text AND epoch = $5::bigint AND instance <> '') AS leads,
       (SELECT key FROM webhook
        WHERE project = $1::text AND id = $2::text AND delete_time IS NULL) AS named,
       (SELECT key FROM webhook
        WHERE project = $1::text AND request_id = $3::text AND delete_time IS NULL) AS asked
