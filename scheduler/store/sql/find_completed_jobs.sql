-- Returns the newest jobs that are COMPLETED over a file or an upload of the same bytes, newest first.
-- $1 project, $2 id of the file, $3 SHA-256, $4 how many jobs of each file, and files, are looked at.
-- 0 rows: there are none.
SELECT r.*
FROM (SELECT DISTINCT n.job_key
      FROM (SELECT $2::text AS id
            UNION
            (SELECT id FROM file WHERE project = $1 AND sha256 = $3 AND produced_by = ''
             ORDER BY age DESC LIMIT $4::bigint)) f
      CROSS JOIN LATERAL (
        SELECT job_key FROM job_need
        WHERE project = $1 AND kind = 1 AND resource_id = f.id
        ORDER BY job_key DESC LIMIT $4::bigint) n
     ) wanted
JOIN job_record r ON r.key = wanted.job_key
WHERE r.state = 7
ORDER BY r.key DESC
LIMIT $4::bigint
