-- Records a batch. $1 project, $2 id, $3 uid, $4 request id ('': none), $5 request hash, $6 display
-- name, $7 labels, $8 the principal, $9 mode, $10 max_parallel, $11 stop_on_error, $12 how many
-- operations, $13 the time, $14 expansion. Returns its key. 0 rows: the id or the request id exists.
INSERT INTO batch (project, id, uid, request_id, request_hash, display_name, labels, created_by,
                   mode, max_parallel, stop_on_error, operations, create_time, desire, made,
                   refused, reopen_from, retries, actor, reason, run_time, run_completed, version,
                   expansion)
VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7::jsonb, $8, $9, $10, $11, $12, $13::timestamptz, 1, 0,
        0, 0, 0, $8, '', $13::timestamptz, 0, 1, $14)
ON CONFLICT DO NOTHING
RETURNING key
