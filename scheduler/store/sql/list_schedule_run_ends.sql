-- Returns how many runs are recorded as running, and those of them that are not any more: whose job
-- or batch has ended (`state`, of a job) or is gone. $1 how many at most. 0 rows: never; without one
-- that has ended, one without schedule_key.
SELECT o.running, e.*
FROM (SELECT count(*) AS running FROM schedule_run WHERE state = 2) o
LEFT JOIN LATERAL (
  SELECT r.schedule_key, r.number, r.kind, s.project, r.target, j.state,
         j.key IS NULL AND b.key IS NULL AS is_gone
  FROM schedule_run r
  JOIN schedule s ON s.key = r.schedule_key
  LEFT JOIN job j ON r.kind = 1 AND j.project = s.project AND j.id = r.target
  LEFT JOIN batch b ON r.kind = 2 AND b.project = s.project AND b.id = r.target
  WHERE r.state = 2
    AND CASE r.kind WHEN 1 THEN j.key IS NULL OR j.state >= 7
                    ELSE b.key IS NULL OR b.end_time IS NOT NULL END
  ORDER BY r.schedule_key, r.number LIMIT $1) e ON true
