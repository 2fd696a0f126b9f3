-- Batches that are expanded from a source: their operations are recorded after the batch.

-- An older scheduler would end a batch that has no operations yet: one that leads goes on, since such
-- batches are made by newer leaders alone, but none leads again.
ALTER TABLE leadership DROP CONSTRAINT leadership_knows_webhooks;
UPDATE leadership SET schema_version = 18;
ALTER TABLE leadership ADD CONSTRAINT leadership_knows_expansion CHECK (schema_version >= 18);

-- How far the source of a batch has become operations: beside what changes under `version`.
ALTER TABLE batch
  ADD COLUMN expansion smallint NOT NULL DEFAULT 0,  -- 0 none, 1 going, 2 done, 3 halted.
  ADD COLUMN found integer NOT NULL DEFAULT 0,
  ADD COLUMN expanded_to text NOT NULL DEFAULT '',
  ADD COLUMN halt_reason text NOT NULL DEFAULT '',
  ADD COLUMN halt_message text NOT NULL DEFAULT '';

-- What a batch is expanded from, as its creator asked for it.
CREATE TABLE batch_source (
  batch_key bigint PRIMARY KEY,
  source bytea NOT NULL
);

-- With the expansion.
CREATE OR REPLACE VIEW batch_record AS
SELECT b.key, b.project, b.id, b.uid, coalesce(b.request_id, '') AS request_id, b.request_hash,
       b.display_name, b.labels, b.created_by, b.mode, b.max_parallel, b.stop_on_error,
       b.operations, unix_us(b.create_time) AS create_time, b.desire, b.made, b.refused,
       b.reopen_from, b.retries, b.actor, b.reason, unix_us(b.run_time) AS run_time,
       b.run_completed, unix_us(b.end_time) AS end_time, b.version,
       (SELECT jsonb_object_agg(c.state, c.jobs) FROM batch_count c
        WHERE c.batch_key = b.key) AS jobs,
       b.expansion, b.found, b.expanded_to, b.halt_reason, b.halt_message
FROM batch b;
