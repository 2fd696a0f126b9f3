-- Records a webhook, for the leader. $1 project, $2 id, $3 uid, $4 request id ('': none), $5 request
-- hash, $6 display name, $7 url, $8 secret, $9 events, $10 the principal, $11 the time, $12 cell,
-- $13 epoch, $14 how many a project may have. The leadership row is held meanwhile, so that the next
-- leader reads it. Returns its key. 0 rows: another leads, or check_webhook says why.
INSERT INTO webhook (project, id, uid, request_id, request_hash, display_name, url, secret, events,
                     created_by, create_time)
SELECT $1::text, $2::text, $3::text, NULLIF($4::text, ''), $5::text, $6::text, $7::text, $8::text,
       $9::integer, $10::text, $11::timestamptz
FROM (SELECT FROM leadership WHERE cell = $12::text AND epoch = $13::bigint AND instance <> ''
      FOR KEY SHARE) fenced
WHERE (SELECT count(*) FROM webhook WHERE project = $1::text AND delete_time IS NULL) < $14::bigint
ON CONFLICT DO NOTHING
RETURNING key
