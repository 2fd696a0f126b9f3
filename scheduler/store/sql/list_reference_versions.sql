-- Returns versions of a reference, newest first. $1 project, $2 id, $3 the version alone that is wanted
-- (0: all), $4 how many at most. 0 rows: there are none.
SELECT project, reference_id, version, file_id, key_columns, state, error_reason, error_message,
       error_metadata, validation_job, created_by, unix_us(create_time) AS create_time
FROM reference_version
WHERE project = $1 AND reference_id = $2 AND ($3::integer = 0 OR version = $3::integer)
ORDER BY version DESC
LIMIT $4
