-- Returns what storage is owed, oldest first. $1 the key to start after, $2 how many at most. What stays of
-- a job: files of its own that were needed, and those of earlier jobs of its name. 0 rows: nothing more.
SELECT d.key, d.project, d.job_id, d.manifest_uri, d.uri,
       coalesce((SELECT jsonb_agg(kept.uri)
                 FROM (SELECT f.uri
                       FROM jsonb_array_elements_text(d.kept) AS t (value)
                       JOIN file f ON f.project = d.project AND f.id = t.value
                       UNION
                       SELECT f.uri
                       FROM file f
                       WHERE f.project = d.project AND f.produced_by = d.job_id AND d.job_id <> ''
                         AND f.producer_key = 0) AS kept), '[]') AS kept_uris
FROM storage_debt d
WHERE d.key > $1::bigint
ORDER BY d.key
LIMIT $2
