-- Records the outcomes of completed jobs; arrays, one element a job. 0 rows: none were given.
INSERT INTO job_result (job_key, manifest_uri, manifest_sha256, report_json, quality_score, verdict,
                        outputs)
SELECT unnest($1::bigint[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),
       unnest($5::double precision[]), unnest($6::smallint[]), unnest($7::text[])::jsonb
