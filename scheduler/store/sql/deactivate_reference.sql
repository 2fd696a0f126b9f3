-- Ends the activity of a project's reference for a stage. $1 project, $2 stage, $3 the id that it is not.
-- 0 rows: no other is active.
UPDATE reference SET active = false, revision = revision + 1
WHERE project = $1 AND stage = $2 AND active AND id <> $3
