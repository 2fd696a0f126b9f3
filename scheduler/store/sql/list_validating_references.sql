-- Returns the versions of references that are VALIDATING. $1 how many at most. 0 rows: none is.
SELECT project, reference_id, version, file_id, key_columns, state, error_reason, error_message,
       error_metadata, validation_job, created_by, unix_us(create_time) AS create_time
FROM reference_version
WHERE state = 1
ORDER BY project, file_id
LIMIT $1
