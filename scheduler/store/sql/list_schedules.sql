-- Returns schedules, newest first. $1 project, $2 only keys below this, $3 how many at most, $4 after how many
-- bytes of templates no further one follows. 0 rows: no more.
WITH page AS MATERIALIZED (
  SELECT key, octet_length(request) AS bytes
  FROM schedule
  WHERE project = $1 AND key < $2
  ORDER BY key DESC
  LIMIT $3
)
SELECT r.*
FROM (SELECT key, sum(bytes) OVER (ORDER BY key DESC) - bytes AS before FROM page) p
JOIN schedule_record r ON r.key = p.key
WHERE p.before < $4::bigint
ORDER BY r.key DESC
