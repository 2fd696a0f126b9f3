-- Returns what storage is owed, oldest first. $1 the key to start after, $2 how many at most. 0 rows:
-- nothing more.
SELECT d.key, d.project, d.job_id, d.manifest_uri, d.uri,
       coalesce((SELECT jsonb_agg(f.uri)
                 FROM jsonb_array_elements_text(d.kept) AS t (value)
                 JOIN file f ON f.project = d.project AND f.id = t.value), '[]') AS kept_uris
FROM storage_debt d
WHERE d.key > $1::bigint
ORDER BY d.key
LIMIT $2
