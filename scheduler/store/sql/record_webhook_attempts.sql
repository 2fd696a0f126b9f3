-- Records attempts. $1 a list of {key, attempts: before it, state, due_us (NULL: none), time_us, status,
-- error, latency_us}. What was recorded already is left as it is; of a webhook it is noted since when
-- it fails. What a clock that was ahead would make late is not. 0 rows: always.
WITH attempt AS (
  SELECT *
  FROM jsonb_to_recordset($1::jsonb)
    AS a (key bigint, attempts integer, state smallint, due_us bigint, time_us bigint,
          status integer, error text, latency_us bigint)
), recorded AS (
  UPDATE webhook_delivery d
  SET state = a.state, attempts = d.attempts + 1, tries = d.tries + 1,
      due_time = least(to_timestamp(0) + a.due_us * interval '1 microsecond',
                       now() + (a.due_us - a.time_us) * interval '1 microsecond'),
      last_time = to_timestamp(0) + a.time_us * interval '1 microsecond', last_status = a.status,
      last_error = a.error, last_latency_us = a.latency_us
  FROM attempt a
  WHERE d.key = ANY (ARRAY(SELECT key FROM attempt)) AND d.key = a.key AND d.attempts = a.attempts
    AND d.state = 1
  RETURNING d.webhook_key, d.state, d.last_time
), told AS (
  SELECT webhook_key, bool_or(state = 2) AS reached, min(last_time) AS time
  FROM recorded
  GROUP BY webhook_key
)
UPDATE webhook w
SET failing_since = CASE WHEN t.reached THEN NULL ELSE t.time END
FROM told t
WHERE w.key = t.webhook_key AND (w.failing_since IS NULL) <> t.reached
