-- Looks at files that no job produced, in the order in which they were recorded. Deletes uploads that came so
-- long ago and that nothing names: no recorded job, no version of a reference, no schedule, and no batch of the
-- project, unless it was made a day before the upload, with operations that are no jobs: what those name stands
-- in their requests alone. Records what storage is owed. $1 the age to start after, $2 how many to look at, $3
-- microseconds. Returns one row: the last one looked at (NULL: there was none), how many were, whether one of
-- them is younger, how many went.
WITH page AS MATERIALIZED (
  SELECT project, id, age, uri, create_time,
         create_time > now() - $3::bigint * interval '1 microsecond' AS is_young
  FROM file
  WHERE produced_by = '' AND age + 0 > $1::bigint  -- As in the index.
  ORDER BY age + 0
  LIMIT $2
), gone AS (
  DELETE FROM file f
  USING page p
  WHERE f.project = p.project AND f.id = p.id AND NOT p.is_young
    AND p.uri LIKE 'file:///projects/%'
    AND NOT EXISTS (SELECT FROM job_need n
                    WHERE n.project = p.project AND n.kind = 1 AND n.resource_id = p.id)
    AND NOT EXISTS (SELECT FROM reference r WHERE r.project = p.project AND r.file_id = p.id)
    AND NOT EXISTS (SELECT FROM reference_version v
                    WHERE v.project = p.project AND v.file_id = p.id)
    AND NOT EXISTS (SELECT FROM batch b
                    WHERE b.project = p.project AND (b.made < b.operations OR b.refused > 0)
                      AND b.create_time > p.create_time - interval '1 day')
    -- Part of a longer name, it is kept with that.
    AND NOT EXISTS (SELECT FROM schedule s
                    WHERE s.project = p.project
                      AND position(convert_to('projects/' || p.project || '/files/' || p.id, 'UTF8')
                                   IN s.request) > 0)
  RETURNING f.project, f.uri
), owed AS (
  INSERT INTO storage_debt (project, job_id, manifest_uri, kept, uri)
  SELECT project, '', '', '[]', uri FROM gone
)
SELECT max(age) AS last, count(*) AS looked_at, coalesce(bool_or(is_young), false) AS has_young,
       (SELECT count(*) FROM gone) AS deleted
FROM page
