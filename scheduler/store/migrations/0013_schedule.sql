-- Schedules: jobs or batches that are to be made at the times of a cron expression. While an older
-- scheduler leads nothing is made; the one after it catches up.

CREATE TABLE schedule (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  uid text NOT NULL,
  request_id text COLLATE "C",  -- NULL: none.
  request_hash text NOT NULL,
  created_by text NOT NULL,
  create_time timestamptz NOT NULL,
  -- From here on what users change.
  display_name text NOT NULL,
  labels jsonb NOT NULL,
  cron text NOT NULL,
  time_zone text NOT NULL,
  overlap smallint NOT NULL,  -- 1 skip, 2 queue, 3 cancel what runs.
  catch_up_window_us bigint NOT NULL,
  paused boolean NOT NULL,
  kind smallint NOT NULL,  -- 1 job, 2 batch.
  request bytea NOT NULL,  -- What is made: the request that makes it.
  update_time timestamptz NOT NULL,
  revision bigint NOT NULL,
  -- From here on what runs change.
  decided_until timestamptz NOT NULL,
  look_time timestamptz,  -- NULL: there is nothing to do.
  runs bigint NOT NULL,
  skipped bigint NOT NULL,
  missed bigint NOT NULL,
  version bigint NOT NULL,
  UNIQUE (project, id),
  UNIQUE (project, request_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
CREATE INDEX schedule_by_project ON schedule (project, key);
CREATE INDEX schedule_by_look_time ON schedule (look_time) WHERE look_time IS NOT NULL;

-- What has become of its times: the newest, and those that have not ended.
CREATE TABLE schedule_run (
  schedule_key bigint NOT NULL,
  number bigint NOT NULL,
  fire_time timestamptz NOT NULL,
  is_triggered boolean NOT NULL,
  request_id text COLLATE "C" NOT NULL,  -- Of the trigger; '': none.
  actor text NOT NULL,
  kind smallint NOT NULL,
  state smallint NOT NULL,  -- 1 waiting, 2 running; the others are ends.
  target text COLLATE "C" NOT NULL,  -- The id of its job or batch; '': none.
  error_reason text NOT NULL,
  error_message text NOT NULL,
  start_time timestamptz,
  end_time timestamptz,
  PRIMARY KEY (schedule_key, number)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
CREATE INDEX schedule_run_open ON schedule_run (schedule_key, number) WHERE state <= 2;
CREATE UNIQUE INDEX schedule_run_by_request ON schedule_run (schedule_key, request_id)
  WHERE request_id <> '';

-- Both as they are read.
CREATE VIEW schedule_record AS
SELECT key, project, id, uid, coalesce(request_id, '') AS request_id, request_hash, created_by,
       unix_us(create_time) AS create_time, display_name, labels, cron, time_zone, overlap,
       catch_up_window_us, paused, kind, request, unix_us(update_time) AS update_time, revision,
       unix_us(decided_until) AS decided_until, unix_us(look_time) AS look_time, runs, skipped,
       missed, version
FROM schedule;
CREATE VIEW schedule_run_record AS
SELECT schedule_key, number, unix_us(fire_time) AS fire_time, is_triggered, request_id, actor, kind,
       state, target, error_reason, error_message, unix_us(start_time) AS start_time,
       unix_us(end_time) AS end_time
FROM schedule_run;
