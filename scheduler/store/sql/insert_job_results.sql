-- Records the outcomes of completed jobs; arrays, one element a job. 0 rows: none were given.
INSERT INTO job_result (job_key, manifest_uri, manifest_sha256, report_json, quality_score, verdict,
                        outputs)
SELECT job_key, manifest_uri, manifest_sha256, report_json, quality_score, verdict, outputs::jsonb
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::double precision[],
            $6::smallint[], $7::text[])
  AS u (job_key, manifest_uri, manifest_sha256, report_json, quality_score, verdict, outputs)
