-- Returns the report of a completed job. $1 project, $2 id. 0 rows: no such job, or no report.
SELECT r.report_json
FROM job j JOIN job_result r ON r.job_key = j.key
WHERE j.project = $1 AND j.id = $2 AND r.report_json <> ''
