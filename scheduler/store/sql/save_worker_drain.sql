-- Records that a worker is drained, with an audit event, for the leader. $1 worker, $2 who asked for it,
-- $3 why, $4 the time, $5 cell, $6 epoch. The leadership row is held meanwhile, so that the next leader
-- reads it. Returns the drain as recorded: an earlier one stays. 0 rows: another leads.
WITH fenced AS (
  SELECT 1 FROM leadership WHERE cell = $5::text AND epoch = $6::bigint AND instance <> ''
  FOR KEY SHARE
), drained AS (
  INSERT INTO worker_drain (worker, actor, reason, time)
  SELECT $1::text, $2::text, $3::text, $4::timestamptz FROM fenced
  ON CONFLICT (worker) DO NOTHING
  RETURNING worker, actor, reason, time
), told AS (
  INSERT INTO operator_event (time, actor, action, subject, reason, detail)
  SELECT time, actor, 'drain_worker', 'workers/' || worker, reason, '{}' FROM drained
)
SELECT worker, actor, reason, unix_us(time) AS time FROM drained
UNION ALL
SELECT worker, actor, reason, unix_us(time)
FROM worker_drain
WHERE worker = $1::text AND EXISTS (SELECT FROM fenced)
