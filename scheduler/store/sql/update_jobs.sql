-- Rewrites the status of jobs whose row holds the expected attempt and token; arrays, one element a
-- job. $1 key, $2 expected attempt, $3 expected token, then the status; $18 how many there are. Refuses
-- with DQ003 when a row holds something else. Never 0 rows.
WITH updated AS (
  UPDATE job j
  SET state = u.state, wait_reason = u.wait_reason, attempt = u.attempt, charges = u.charges,
      losses = u.losses, version = u.version, wait_until = u.wait_until, start_time = u.start_time,
      end_time = u.end_time, lease_token = u.lease_token, worker = u.worker,
      error_reason = u.error_reason, error_message = u.error_message,
      error_metadata = u.error_metadata
  FROM (SELECT unnest($1::bigint[]) AS key, unnest($2::integer[]) AS expected_attempt,
               unnest($3::text[]) AS expected_token, unnest($4::smallint[]) AS state,
               unnest($5::smallint[]) AS wait_reason, unnest($6::integer[]) AS attempt,
               unnest($7::integer[]) AS charges, unnest($8::integer[]) AS losses,
               unnest($9::bigint[]) AS version, unnest($10::timestamptz[]) AS wait_until,
               unnest($11::timestamptz[]) AS start_time, unnest($12::timestamptz[]) AS end_time,
               unnest($13::text[]) AS lease_token, unnest($14::text[]) AS worker,
               unnest($15::text[]) AS error_reason, unnest($16::text[]) AS error_message,
               unnest($17::text[])::jsonb AS error_metadata) u
  WHERE j.key = u.key AND j.attempt = u.expected_attempt AND j.lease_token = u.expected_token
  RETURNING 1
)
SELECT CASE WHEN count(*) <> $18::bigint
            THEN refuse('DQ003', $18::bigint - count(*) || ' of ' || $18::bigint ||
                                 ' jobs do not hold the expected attempt and token') END
FROM updated
