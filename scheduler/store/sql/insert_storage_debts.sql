-- Records what jobs that are deleted have left in storage, with the files of theirs that are still
-- recorded: to be run after delete_produced_files. $1 keys, a JSON array. Returns the ids of those
-- files, a JSON array a job that may have left something. 0 rows: none has.
INSERT INTO storage_debt (project, job_id, manifest_uri, kept, uri)
SELECT j.project, j.id, coalesce(r.manifest_uri, ''),
       coalesce((SELECT jsonb_agg(f.id)
                 FROM jsonb_array_elements(r.outputs) AS o (value)
                 JOIN file f ON f.project = j.project AND f.id = o.value ->> 'file_id'), '[]'), ''
FROM jsonb_array_elements_text($1::jsonb) AS t (value)
JOIN job j ON j.key = t.value::bigint
LEFT JOIN job_result r ON r.job_key = j.key
WHERE r.manifest_uri <> '' OR j.attempt > 1 OR (j.attempt = 1 AND j.state <> 7)
RETURNING kept
