-- Ended jobs and batches can be deleted; their history stays.

-- By what a deletion asks: who depends on a job, and what the job needed.
CREATE INDEX job_dependency_of ON job_dependency (dependency_key);
CREATE INDEX job_need_of ON job_need (job_key);

-- What was deleted, by the name it had: the events of a job are in job_event under its key.
CREATE TABLE deleted_resource (
  project text COLLATE "C" NOT NULL,
  kind smallint NOT NULL,  -- 1 job, 2 batch.
  id text COLLATE "C" NOT NULL,
  key bigint NOT NULL,
  state smallint NOT NULL,  -- Of a job, in which it was; of a batch 0.
  version bigint NOT NULL,  -- Of a job: the sequence of its last event, the deletion.
  time timestamptz NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (project, kind, id, key)
);

-- What deletions have left in storage: written with them, forgotten once it is gone.
CREATE TABLE storage_debt (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text COLLATE "C" NOT NULL,
  job_id text COLLATE "C" NOT NULL,  -- All that its attempts wrote; '': one file.
  manifest_uri text NOT NULL,        -- Of the job's outputs; '': it has none.
  kept jsonb NOT NULL,               -- Ids of files of the job that were needed by something.
  uri text NOT NULL                  -- Of the one file.
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
