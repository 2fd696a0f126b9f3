-- As lock_deletable_jobs, for all jobs of a batch, in the order of its operations. $1 key of the batch.
-- 0 rows: it has none.
SELECT j.key, j.id, j.state, j.version, false AS is_operation,
       (SELECT 1 FROM job_dependency d JOIN job w ON w.key = d.job_key
        WHERE d.dependency_key = j.key AND w.state NOT IN (7, 8, 9, 10) LIMIT 1) IS NOT NULL AS is_needed
FROM batch_job o JOIN job j ON j.key = o.job_key
WHERE o.batch_key = $1
ORDER BY o.index
FOR UPDATE OF j
