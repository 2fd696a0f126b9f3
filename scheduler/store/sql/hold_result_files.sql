-- Holds files that jobs take over from earlier jobs until the commit: with what is written of their need they
-- stay. $1 project, $2 id, as arrays. Ends the batch with 22D01 when one was deleted, or is being deleted.
-- 0 rows: never.
WITH wanted AS (
  SELECT DISTINCT project, id FROM unnest($1::text[], $2::text[]) AS t (project, id)
), held AS MATERIALIZED (
  SELECT f.id
  FROM wanted w JOIN file f ON f.project = w.project AND f.id = w.id
  ORDER BY f.project, f.id
  FOR KEY SHARE OF f
)
SELECT CASE WHEN (SELECT count(*) FROM held) < (SELECT count(*) FROM wanted)
            THEN refuse('22D01', 'a file of the earlier result was deleted') END
