-- Looks at jobs in the order of their keys, that is of their creation. $1 the key to start after, $2 how
-- many to look at, $3 microseconds. Returns each with whether it ended so long ago, and whether it was
-- created later than that, as were all behind it. 0 rows: there are no more.
SELECT j.key, j.project, j.id,
       j.end_time < now() - $3::bigint * interval '1 microsecond' AND j.state IN (7, 8, 9, 10)
         AND NOT EXISTS (SELECT FROM batch_job o WHERE o.job_key = j.key) AS is_expired,
       s.create_time > now() - $3::bigint * interval '1 microsecond' AS is_young
FROM (SELECT key, project, id, state, end_time FROM job WHERE key > $1::bigint
      ORDER BY key LIMIT $2) j
JOIN job_spec s ON s.job_key = j.key
ORDER BY j.key
