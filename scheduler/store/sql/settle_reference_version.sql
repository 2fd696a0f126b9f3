-- Ends the validation of a version of a reference. $1 project, $2 id, $3 version, $4 state, $5 reason, $6
-- message and $7 metadata of the error. 0 rows: it is not being validated.
UPDATE reference_version
SET state = $4::smallint, error_reason = $5, error_message = $6, error_metadata = $7::jsonb
WHERE project = $1 AND reference_id = $2 AND version = $3::integer AND state = 1
RETURNING version
