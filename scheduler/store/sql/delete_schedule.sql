-- Deletes a schedule with its runs. $1 project, $2 id. 0 rows: always.
WITH deleted AS (
  DELETE FROM schedule WHERE project = $1 AND id = $2 RETURNING key
)
DELETE FROM schedule_run r USING deleted d WHERE r.schedule_key = d.key
