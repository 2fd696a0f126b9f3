-- Records a reference to a file that exists, with its first version. $1 project, $2 id, $3 request id,
-- $4 stage, $5 file id, $6 key columns as a JSON array, $7 display name, $8 the principal, $9 the time,
-- $10 whether it is to be active once it is READY, $11 state and $12 validation job of the version.
-- 0 rows: the id or the request id exists, or the file does not.
WITH made AS (
  INSERT INTO reference (project, id, request_id, stage, file_id, key_columns, display_name,
                         created_by, create_time, wants_active)
  SELECT $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9::timestamptz, $10::boolean
  WHERE EXISTS (SELECT FROM file WHERE project = $1 AND id = $5)
  ON CONFLICT DO NOTHING
  RETURNING project, id, file_id, key_columns, created_by, create_time
)
INSERT INTO reference_version (project, reference_id, version, file_id, key_columns, state,
                               validation_job, created_by, create_time)
SELECT project, id, 1, file_id, key_columns, $11::smallint, $12, created_by, create_time FROM made
RETURNING reference_id
