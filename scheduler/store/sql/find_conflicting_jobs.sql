-- Tells why inserts did not happen, and which did in an earlier try. $1 key, $2 project, $3 id,
-- $4 request id, as arrays. One row an element, in order: whether the key holds that very job, the
-- job of the request id with its hash (NULL: none), whether the name is taken. 0 rows: none given.
SELECT EXISTS (SELECT FROM job j WHERE j.key = u.key AND j.project = u.project AND j.id = u.id),
       same.key,
       (SELECT s.request_hash FROM job_spec s WHERE s.job_key = same.key),
       EXISTS (SELECT FROM job j WHERE j.project = u.project AND j.id = u.id)
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
       AS u (key, project, id, request_id, position)
LEFT JOIN job same ON same.project = u.project AND same.request_id = u.request_id
     AND same.request_id <> ''
ORDER BY u.position
