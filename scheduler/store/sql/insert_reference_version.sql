-- Records a version of a reference with a file that exists. $1 project, $2 id, $3 version, $4 file id, $5 key
-- columns as a JSON array, $6 state, $7 validation job, $8 the principal, $9 the time. 0 rows: there is no
-- such file.
INSERT INTO reference_version (project, reference_id, version, file_id, key_columns, state,
                               validation_job, created_by, create_time)
SELECT $1, $2, $3::integer, $4, $5::jsonb, $6::smallint, $7, $8, $9::timestamptz
WHERE EXISTS (SELECT FROM file WHERE project = $1 AND id = $4)
RETURNING version
