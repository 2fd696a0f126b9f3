-- Returns the run that a trigger made. $1 the schedule, $2 the request id, not ''. 0 rows: none.
SELECT * FROM schedule_run_record WHERE schedule_key = $1 AND request_id = $2 AND request_id <> ''
