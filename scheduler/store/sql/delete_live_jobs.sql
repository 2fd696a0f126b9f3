-- Takes finished jobs from those a new leader loads. $1 keys. 0 rows: none was there.
DELETE FROM job_live l USING (SELECT unnest($1::bigint[]) AS key) u WHERE l.job_key = u.key
