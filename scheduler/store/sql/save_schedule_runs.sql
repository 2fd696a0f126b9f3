-- Writes runs of a schedule, new or known. $1 its key, $2 the runs, an array of objects with the
-- names of the columns, times as text. 0 rows: always.
INSERT INTO schedule_run (schedule_key, number, fire_time, is_triggered, request_id, actor, kind,
                          state, target, error_reason, error_message, start_time, end_time)
SELECT $1, number, fire_time, is_triggered, request_id, actor, kind, state, target, error_reason,
       error_message, start_time, end_time
FROM jsonb_to_recordset($2::jsonb) AS (
  number bigint, fire_time timestamptz, is_triggered boolean, request_id text, actor text,
  kind smallint, state smallint, target text, error_reason text, error_message text,
  start_time timestamptz, end_time timestamptz)
ON CONFLICT (schedule_key, number) DO UPDATE
SET kind = excluded.kind, state = excluded.state, target = excluded.target,
    error_reason = excluded.error_reason, error_message = excluded.error_message,
    start_time = excluded.start_time, end_time = excluded.end_time
