-- Records a file. $1 project, $2 id, $3 request id ('': none), $4 display name, $5 uri, $6 size,
-- $7 sha256, $8 the producing job, $9 the principal, $10 the time.
-- 0 rows: the id or the request id exists.
INSERT INTO file (project, id, request_id, display_name, uri, size_bytes, sha256, produced_by,
                  created_by, create_time)
VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
RETURNING id
