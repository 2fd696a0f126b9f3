-- Deletes a schedule; its runs follow (delete_schedule_runs). $1 project, $2 id. Returns its key. 0 rows:
-- there is none.
DELETE FROM schedule WHERE project = $1 AND id = $2 RETURNING key
