-- Makes a version of a reference the current one, and the reference active if it was to be. $1 project, $2
-- id, $3 version. 0 rows: a newer one is current.
UPDATE reference r
SET version = v.version, file_id = v.file_id, key_columns = v.key_columns,
    active = r.active OR r.wants_active, wants_active = false, revision = r.revision + 1
FROM reference_version v
WHERE r.project = $1 AND r.id = $2 AND r.version <= v.version
  AND v.project = $1 AND v.reference_id = $2 AND v.version = $3::integer
RETURNING r.id
