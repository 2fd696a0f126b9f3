-- Returns references, newest first. $1 project, $2 the id to come after ('' or gone: from the newest), $3 how
-- many at most. 0 rows: no more.
SELECT * FROM reference_record
WHERE project = $1
  AND age < coalesce((SELECT b.age FROM reference b WHERE b.project = $1 AND b.id = $2),
                     9223372036854775807)
ORDER BY age DESC
LIMIT $3
