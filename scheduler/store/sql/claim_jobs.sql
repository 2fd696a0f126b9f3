-- Gives queued jobs to workers and tells it in their history; arrays, one element a job. $1 key, $2 the
-- attempt its row holds, $3 new token, $4 worker, $5 time, $6 how many there are. Refuses with DQ003
-- when a row holds another attempt or a token. Never 0 rows.
WITH claimed AS (
  UPDATE job j
  SET state = 3, wait_reason = 0, wait_until = NULL, attempt = u.attempt + 1, version = j.version + 1,
      lease_token = u.token, worker = u.worker, start_time = u.time
  FROM (SELECT unnest($1::bigint[]) AS key, unnest($2::integer[]) AS attempt,
               unnest($3::text[]) AS token, unnest($4::text[]) AS worker,
               unnest($5::timestamptz[]) AS time) u
  WHERE j.key = u.key AND j.attempt = u.attempt AND j.lease_token = ''
  RETURNING j.key, j.version, j.start_time, j.attempt, j.worker
), events AS (
  INSERT INTO job_event (job_key, sequence, time, event, from_state, to_state, attempt, worker,
                         actor, reason, message)
  SELECT key, version, start_time, 3, 2, 3, attempt, worker, 'scheduler', '', '' FROM claimed
)
SELECT CASE WHEN count(*) <> $6::bigint
            THEN refuse('DQ003', $6::bigint - count(*) || ' of ' || $6::bigint ||
                                 ' jobs do not hold the expected attempt and token') END
FROM claimed
