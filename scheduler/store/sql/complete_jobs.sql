-- Ends running jobs as completed by their worker and tells it in their history; arrays, one element a
-- job. $1 key, $2 attempt, $3 token, $4 time, $5 how many there are. Refuses with DQ003 when a row holds
-- another attempt or token. Never 0 rows.
WITH completed AS (
  UPDATE job j
  SET state = 7, version = j.version + 1, lease_token = '', end_time = u.time, error_reason = '',
      error_message = '', error_metadata = '{}'
  FROM (SELECT unnest($1::bigint[]) AS key, unnest($2::integer[]) AS attempt,
               unnest($3::text[]) AS token, unnest($4::timestamptz[]) AS time) u
  WHERE j.key = u.key AND j.attempt = u.attempt AND j.lease_token = u.token
  RETURNING j.key, j.version, j.end_time, j.attempt, j.worker
), events AS (
  INSERT INTO job_event (job_key, sequence, time, event, from_state, to_state, attempt, worker,
                         actor, reason, message)
  SELECT key, version, end_time, 4, 3, 7, attempt, worker, worker, '', '' FROM completed
)
SELECT CASE WHEN count(*) <> $5::bigint
            THEN refuse('DQ003', $5::bigint - count(*) || ' of ' || $5::bigint ||
                                 ' jobs do not hold the expected attempt and token') END
FROM completed
