-- Returns the schedule that a request made. $1 project, $2 request id. 0 rows: none.
SELECT * FROM schedule_record WHERE project = $1 AND request_id = $2
