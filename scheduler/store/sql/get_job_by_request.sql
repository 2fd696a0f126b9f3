-- Returns the job of a request. $1 project, $2 request id. 0 rows: none.
SELECT * FROM job_record WHERE project = $1 AND request_id = $2 AND request_id <> ''
