-- Returns schedules, newest first. $1 project, $2 only keys below this, $3 how many at most. 0 rows:
-- no more.
SELECT * FROM schedule_record WHERE project = $1 AND key < $2 ORDER BY key DESC LIMIT $3
