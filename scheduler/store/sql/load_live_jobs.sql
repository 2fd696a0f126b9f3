-- Returns jobs in no terminal state by what is alike in them, with their keys in any order, and whether
-- they wait for nothing but their turn or a person. $1 the key to start after, $2 how many jobs at
-- most. 0 rows: there are no more.
SELECT (j.state = 5 AND (SELECT count(*) FROM job_dependency d WHERE d.job_key = j.key) = 0) OR (j.state = 2 AND (j.attempt > 0 OR s.start_deadline IS NULL)) AS waits, j.state, j.project, s.queue, s.stages, s.priority, s.concurrency_key, s.concurrency_max,
       array_agg(j.key) AS keys
FROM (SELECT j.key, j.state, j.attempt, j.project
      FROM (SELECT page FROM job_page WHERE live > 0 AND page >= $1::bigint >> 8
            GROUP BY page) p
      JOIN job j ON j.key BETWEEN p.page << 8 AND (p.page << 8) + 255
      WHERE j.key > $1 AND j.state NOT IN (7, 8, 9, 10)
      ORDER BY p.page, j.key
      LIMIT $2) j
JOIN job_spec s ON s.job_key = j.key
GROUP BY waits, j.state, j.project, s.queue, s.stages, s.priority, s.concurrency_key, s.concurrency_max
