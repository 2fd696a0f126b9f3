-- Looks at batches in the order of their keys, as list_expired_jobs does at jobs. $1, $2, $3 likewise.
SELECT key, project, id, version, end_time < now() - $3::bigint * interval '1 microsecond' AS is_expired,
       create_time > now() - $3::bigint * interval '1 microsecond' AS is_young
FROM batch
WHERE key > $1::bigint
ORDER BY key
LIMIT $2
