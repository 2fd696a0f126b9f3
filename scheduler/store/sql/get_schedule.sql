-- Returns a schedule. $1 project, $2 id. 0 rows: no such schedule.
SELECT * FROM schedule_record WHERE project = $1 AND id = $2
