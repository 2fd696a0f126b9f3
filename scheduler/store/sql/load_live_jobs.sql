-- Returns jobs in no terminal state by key. $1 the key to start after, $2 how many at most.
-- 0 rows: there are no more.
SELECT r.*
FROM (SELECT job_key FROM job_live WHERE job_key > $1 ORDER BY job_key LIMIT $2) live
JOIN job_record r ON r.key = live.job_key
ORDER BY r.key
