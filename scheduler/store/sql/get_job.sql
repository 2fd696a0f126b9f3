-- Returns a job. $1 project, $2 id. 0 rows: no such job.
SELECT * FROM job_record WHERE project = $1 AND id = $2
