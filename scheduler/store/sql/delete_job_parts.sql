-- Deletes what is recorded of jobs beside their rows. $1 keys, a JSON array. 0 rows: always.
WITH keys AS MATERIALIZED (
  SELECT value::bigint AS key FROM jsonb_array_elements_text($1::jsonb) AS t (value)
), waited AS (
  DELETE FROM job_dependency d USING keys WHERE d.job_key = keys.key
), awaited AS (
  DELETE FROM job_dependency d USING keys WHERE d.dependency_key = keys.key
), checkpoints AS (
  DELETE FROM job_checkpoint c USING keys WHERE c.job_key = keys.key
), results AS (
  DELETE FROM job_result r USING keys WHERE r.job_key = keys.key
)
DELETE FROM job_spec s USING keys WHERE s.job_key = keys.key
