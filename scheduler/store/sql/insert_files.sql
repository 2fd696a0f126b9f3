-- Records files that lie in storage already; a JSON array of objects ($1), $2 the time. 0 rows: always.
INSERT INTO file (project, id, request_id, display_name, uri, size_bytes, sha256, produced_by,
                  created_by, create_time)
SELECT f.project, f.id, f.request_id, f.display_name, f.uri, f.size_bytes, f.sha256, '',
       f.created_by, $2::timestamptz
FROM jsonb_to_recordset($1::jsonb)
  AS f (project text, id text, request_id text, display_name text, uri text, size_bytes bigint,
        sha256 text, created_by text)
