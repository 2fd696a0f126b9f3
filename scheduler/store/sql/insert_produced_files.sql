-- Records the files that completed jobs produced; arrays, one element a file, $9 the keys of the jobs, $10 the
-- time. 0 rows: none were given.
INSERT INTO file (project, id, request_id, display_name, uri, size_bytes, sha256, produced_by,
                  created_by, producer_key, create_time)
SELECT project, id, NULL, display_name, uri, size_bytes, sha256, produced_by, created_by,
       producer_key, $10::timestamptz
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[],
            $8::text[], $9::bigint[])
  AS u (project, id, display_name, uri, size_bytes, sha256, produced_by, created_by, producer_key)
