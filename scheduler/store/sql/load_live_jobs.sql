-- Returns jobs in no terminal state by what is alike in them, with their keys in any order, and whether
-- they wait for nothing but their turn or a person. $1 the key to start after, $2 how many jobs at
-- most, $3 of $4 shares. 0 rows: there are no more. The jobs of a page and what never changes of them
-- are read side by side (OFFSET 0 keeps it so): by single keys it takes half as long again.
SELECT (j.state = 5 AND (SELECT count(*) FROM job_dependency d WHERE d.job_key = j.key) = 0) OR (j.state = 2 AND (j.attempt > 0 OR j.start_deadline IS NULL)) AS waits, j.state, j.project, j.queue, j.stages, j.priority, j.concurrency_key, j.concurrency_max,
       array_agg(j.key) AS keys
FROM (SELECT j.*
      FROM (SELECT page FROM job_page
            WHERE live > 0 AND page >= $1::bigint >> 8 GROUP BY page) p
      CROSS JOIN LATERAL (
        SELECT j.key, j.state, j.attempt, j.project, s.queue, s.stages, s.priority, s.concurrency_key,
               s.concurrency_max, s.start_deadline
        FROM job j JOIN job_spec s ON s.job_key = j.key
        WHERE j.key BETWEEN p.page << 8 AND (p.page << 8) + 255
          AND s.job_key BETWEEN p.page << 8 AND (p.page << 8) + 255
          AND j.key > $1 AND j.state NOT IN (7, 8, 9, 10) AND p.page % $4::int = $3::int
        OFFSET 0) j
      ORDER BY p.page, j.key
      LIMIT $2) j
GROUP BY waits, j.state, j.project, j.queue, j.stages, j.priority, j.concurrency_key, j.concurrency_max
