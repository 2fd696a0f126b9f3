-- Records the newest checkpoints of running jobs; arrays, one element a job. $1 key, $2 attempt, $3
-- token, $4 sequence, $5 percent, $6 stage, $7 time, $8 place, $9 how many there are. Refuses with
-- DQ003 when a row holds another attempt or token. Never 0 rows.
WITH saved AS (
  INSERT INTO job_checkpoint (job_key, attempt, sequence, percent, stage, time, place)
  SELECT j.key, u.attempt, u.sequence, u.percent, u.stage, u.time, u.place
  FROM (SELECT unnest($1::bigint[]) AS key, unnest($2::integer[]) AS attempt,
               unnest($3::text[]) AS token, unnest($4::bigint[]) AS sequence,
               unnest($5::double precision[]) AS percent, unnest($6::text[]) AS stage,
               unnest($7::timestamptz[]) AS time, unnest($8::bytea[]) AS place) u
  JOIN job j ON j.key = u.key AND j.attempt = u.attempt AND j.lease_token = u.token
  ON CONFLICT (job_key) DO UPDATE
  SET attempt = excluded.attempt, sequence = excluded.sequence, percent = excluded.percent,
      stage = excluded.stage, time = excluded.time, place = excluded.place
  RETURNING 1
)
SELECT CASE WHEN count(*) <> $9::bigint
            THEN refuse('DQ003', $9::bigint - count(*) || ' of ' || $9::bigint ||
                                 ' jobs do not hold the attempt and token of their checkpoint') END
FROM saved
