-- Writes what changes of a batch. $1 its key, $2 the version that its row holds, $3 desire, $4 made,
-- $5 refused, $6 reopen_from, $7 retries, $8 actor, $9 reason, $10 run_time, $11 run_completed,
-- $12 end_time ('': none), $13 the event that it ends with (0: none), of which every webhook that wants
-- to hear of it is told. With more retries than before an expansion that was halted goes on. 0 rows:
-- it holds another version.
WITH updated AS (
  UPDATE batch
  SET desire = $3, made = $4, refused = $5, reopen_from = $6, retries = $7, actor = $8, reason = $9,
      run_time = $10::timestamptz, run_completed = $11, end_time = NULLIF($12, '')::timestamptz,
      version = $2::bigint + 1,
      expansion = CASE WHEN expansion = 3 AND retries < $7 THEN 1 ELSE expansion END,
      halt_reason = CASE WHEN retries < $7 THEN '' ELSE halt_reason END,
      halt_message = CASE WHEN retries < $7 THEN '' ELSE halt_message END
  WHERE key = $1 AND version = $2::bigint
  RETURNING key, project, id, end_time
), told AS (
  INSERT INTO webhook_delivery (webhook_key, event, subject_key, subject_id, reason, time, due_time)
  SELECT w.key, $13::smallint, u.key, u.id, '', u.end_time, least(u.end_time, now())
  FROM updated u
  CROSS JOIN LATERAL (SELECT key
                      FROM webhook
                      WHERE project = u.project AND delete_time IS NULL AND disable_time IS NULL
                        AND (events >> $13::smallint) & 1 = 1
                      OFFSET 0) w
  WHERE $13::smallint > 0
)
SELECT key FROM updated
