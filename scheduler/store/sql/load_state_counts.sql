-- Returns the number of jobs by state over all projects. 0 rows: there are no jobs.
SELECT state, sum(jobs)::bigint FROM job_state_count GROUP BY state HAVING sum(jobs) <> 0
