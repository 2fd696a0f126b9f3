-- Returns runs of a schedule, newest first. $1 its key, $2 how many at most. 0 rows: there are none.
SELECT * FROM schedule_run_record WHERE schedule_key = $1 ORDER BY number DESC LIMIT $2
