-- Returns jobs in no terminal state by what is alike in them, with their keys in order, and whether they
-- wait for nothing but their turn or a person. $1 the key to start after, $2 how many jobs at most.
-- 0 rows: there are no more.
SELECT j.state = 5 OR (j.state = 2 AND (j.attempt > 0 OR s.start_deadline IS NULL)) AS waits, j.state, j.project, s.queue, s.stages, s.priority, s.concurrency_key, s.concurrency_max,
       array_agg(j.key ORDER BY j.key) AS keys
FROM (SELECT job_key FROM job_live WHERE job_key > $1 ORDER BY job_key LIMIT $2) live
JOIN job j ON j.key = live.job_key
JOIN job_spec s ON s.job_key = live.job_key
GROUP BY waits, j.state, j.project, s.queue, s.stages, s.priority, s.concurrency_key, s.concurrency_max
