-- Writes what changes of a reference. $1 project, $2 id, $3 the revision that its row holds, $4 display
-- name, $5 active, $6 wants_active, $7 version, $8 its file, $9 its key columns, $10 newest version.
-- 0 rows: it holds another revision, or is gone.
UPDATE reference
SET display_name = $4, active = $5::boolean, wants_active = $6::boolean, version = $7::integer,
    file_id = $8, key_columns = $9::jsonb, newest_version = $10::integer,
    revision = $3::bigint + 1
WHERE project = $1 AND id = $2 AND revision = $3::bigint
RETURNING id
