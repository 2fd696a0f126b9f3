-- Takes the drain of a worker back, with an audit event, for the leader; one that is not drained is
-- none. $1 worker, $2 who asked for it, $3 why, $4 the time, $5 cell, $6 epoch. 0 rows: another leads.
WITH fenced AS (
  SELECT 1 FROM leadership WHERE cell = $5::text AND epoch = $6::bigint AND instance <> ''
  FOR KEY SHARE
), ended AS (
  DELETE FROM worker_drain WHERE worker = $1::text AND EXISTS (SELECT FROM fenced)
  RETURNING worker
), told AS (
  INSERT INTO operator_event (time, actor, action, subject, reason, detail)
  SELECT $4::timestamptz, $2::text, 'undrain_worker', 'workers/' || worker, $3::text, '{}' FROM ended
)
SELECT 1 FROM fenced
