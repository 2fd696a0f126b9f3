-- Records a schedule. $1 project, $2 id, $3 uid, $4 request id ('': none), $5 request hash, $6 the
-- principal, $7 the time, $8 display name, $9 labels, $10 cron, $11 time zone, $12 overlap, $13
-- catch-up window, $14 paused, $15 kind, $16 request, $17 decided_until, $18 look_time ('': none).
-- Returns its key. 0 rows: the id or the request id exists.
INSERT INTO schedule (project, id, uid, request_id, request_hash, created_by, create_time,
                      display_name, labels, cron, time_zone, overlap, catch_up_window_us, paused,
                      kind, request, update_time, revision, decided_until, look_time, runs, skipped,
                      missed, version)
VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7::timestamptz, $8, $9::jsonb, $10, $11, $12, $13, $14,
        $15, $16, $7::timestamptz, 1, $17::timestamptz, NULLIF($18, '')::timestamptz, 0, 0, 0, 1)
ON CONFLICT DO NOTHING
RETURNING key
