-- Records which files and references jobs need. $1 project, $2 kind, $3 id, $4 job key, as arrays.
-- 0 rows: recorded already.
INSERT INTO job_need (project, kind, resource_id, job_key)
SELECT * FROM unnest($1::text[], $2::smallint[], $3::text[], $4::bigint[])
ON CONFLICT DO NOTHING
