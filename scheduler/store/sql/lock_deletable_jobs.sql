-- Locks recorded jobs that are to be deleted, and tells what decides whether they can be. $1 project,
-- $2 a JSON array of ids. One row each that exists, in any order: key, id, state, version, whether it is
-- an operation of a batch, whether a job that has not ended depends on it. 0 rows: none exists.
SELECT j.key, j.id, j.state, j.version,
       EXISTS (SELECT FROM batch_job o WHERE o.job_key = j.key) AS is_operation,
       -- No EXISTS: that may become a hash of all dependencies there are.
       (SELECT 1 FROM job_dependency d JOIN job w ON w.key = d.job_key
        WHERE d.dependency_key = j.key AND w.state NOT IN (7, 8, 9, 10) LIMIT 1) IS NOT NULL AS is_needed
FROM job j
WHERE j.project = $1
  AND j.id = ANY (ARRAY(SELECT value FROM jsonb_array_elements_text($2::jsonb) AS t (value)))
FOR UPDATE OF j
