-- Writes what changes of a batch. $1 its key, $2 the version that its row holds, $3 desire, $4 made,
-- $5 refused, $6 reopen_from, $7 retries, $8 actor, $9 reason, $10 run_time, $11 run_completed,
-- $12 end_time ('': none). 0 rows: it holds another version.
UPDATE batch
SET desire = $3, made = $4, refused = $5, reopen_from = $6, retries = $7, actor = $8, reason = $9,
    run_time = $10::timestamptz, run_completed = $11, end_time = NULLIF($12, '')::timestamptz,
    version = $2::bigint + 1
WHERE key = $1 AND version = $2::bigint
RETURNING key
