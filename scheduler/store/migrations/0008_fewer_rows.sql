-- A new job is two rows: its creation is told by job_spec, and what lives is counted by pages of keys.

-- Older schedulers know neither: the one that leads is fenced here, and none of them leads again,
-- because a leader says from now on which schema it writes. Whoever wants to lead older schedulers out
-- by a later migration asks for a greater number.
ALTER TABLE leadership ADD schema_version integer;
UPDATE leadership SET epoch = epoch + 1, instance = '', last_batch = 0, schema_version = 8;
ALTER TABLE leadership ALTER schema_version SET NOT NULL;

-- How many jobs of a project with keys from page * 256 on, 256 of them, are in no terminal state. A
-- page in which none lives stays: it tells where the project's jobs are.
CREATE TABLE job_page (
  project text COLLATE "C" NOT NULL,
  page bigint NOT NULL,
  live bigint NOT NULL,
  PRIMARY KEY (project, page)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
INSERT INTO job_page (project, page, live)
SELECT project, key >> 8, count(*) FILTER (WHERE state NOT IN (7, 8, 9, 10)) FROM job GROUP BY 1, 2;
CREATE INDEX job_page_live ON job_page (page) WHERE live > 0;
DROP TABLE job_live;

-- The whole audit trail. A creation is the first event of a job; older ones, and those with a reason,
-- are in job_event.
CREATE VIEW job_history AS
SELECT job_key, sequence, time, event, from_state, to_state, attempt, worker, actor, reason, message
FROM job_event
UNION ALL
SELECT s.job_key, 1, s.create_time, 1::smallint, NULL,
       CASE WHEN s.not_before > s.create_time THEN 1 ELSE 2 END::smallint, 0, '', s.created_by, '', ''
FROM job_spec s
WHERE NOT EXISTS (SELECT FROM job_event e WHERE e.sequence = 1 AND e.job_key = s.job_key);
