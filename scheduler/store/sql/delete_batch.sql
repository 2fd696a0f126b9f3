-- Deletes a batch with its source, operations and counts, and tells of it. $1 its key, $2 the time, $3 who, $4
-- why. 0 rows: always.
WITH gone AS (
  DELETE FROM batch WHERE key = $1::bigint RETURNING project, id, key, version
), source AS (
  DELETE FROM batch_source WHERE batch_key = $1::bigint
), operations AS (
  DELETE FROM batch_operation WHERE batch_key = $1::bigint
), jobs AS (
  DELETE FROM batch_job WHERE batch_key = $1::bigint
), counts AS (
  DELETE FROM batch_count WHERE batch_key = $1::bigint
), told AS (
  INSERT INTO operator_event (time, actor, action, subject, reason, detail)
  SELECT $2::timestamptz, $3, 'delete_batch', 'projects/' || project || '/batches/' || id, $4, '{}'
  FROM gone
)
INSERT INTO deleted_resource (project, kind, id, key, state, version, time, actor, reason)
SELECT project, 2, id, key, 0, version, $2::timestamptz, $3, $4 FROM gone
