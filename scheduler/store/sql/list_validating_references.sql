-- Returns the versions of references that are VALIDATING, in a fixed order. $1 how many at most, $2 to $5
-- project, file, reference and version to begin behind. 0 rows: no more.
SELECT project, reference_id, version, file_id, key_columns, state, error_reason, error_message,
       error_metadata, validation_job, created_by, unix_us(create_time) AS create_time
FROM reference_version
WHERE state = 1
  AND (project, file_id, reference_id, version) > ($2::text, $3::text, $4::text, $5::bigint)
ORDER BY project, file_id, reference_id, version
LIMIT $1
