-- Webhooks: who is told of the ends of a project's jobs and batches, and what became of each telling.

-- An older scheduler would tell nobody: one that leads goes on, since webhooks are made by newer leaders
-- alone, but none leads again.
ALTER TABLE leadership DROP CONSTRAINT leadership_knows_drains;
UPDATE leadership SET schema_version = 17;
ALTER TABLE leadership ADD CONSTRAINT leadership_knows_webhooks CHECK (schema_version >= 17);

CREATE TABLE webhook (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  uid text NOT NULL,
  request_id text COLLATE "C",  -- NULL: none.
  request_hash text NOT NULL,
  display_name text NOT NULL,
  url text NOT NULL,
  secret text NOT NULL,  -- As it is: every message is signed with it.
  events integer NOT NULL,  -- 1 << webhook_delivery.event of each that it wants.
  created_by text NOT NULL,
  create_time timestamptz NOT NULL,
  -- From here on what changes.
  failing_since timestamptz,  -- NULL: the last answer was good.
  disable_time timestamptz,  -- NULL: it is told.
  disable_reason smallint NOT NULL DEFAULT 0,  -- 1 it answered 410, 2 failing for days.
  delete_time timestamptz  -- It goes once its deliveries are gone.
);
CREATE UNIQUE INDEX webhook_by_name ON webhook (project, id) WHERE delete_time IS NULL;
CREATE UNIQUE INDEX webhook_by_request ON webhook (project, request_id) WHERE delete_time IS NULL;
CREATE INDEX webhook_deleted ON webhook (key) WHERE delete_time IS NOT NULL;

-- The outbox, and for some days what became of it: a row a webhook and end, written with the end.
CREATE TABLE webhook_delivery (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_key bigint NOT NULL,
  event smallint NOT NULL,  -- 1 to 4 job completed, failed, cancelled, skipped; 5 to 8 batch
                            -- completed, partial success, failed, cancelled.
  subject_key bigint NOT NULL,  -- Of the job or batch.
  subject_id text NOT NULL,
  reason text NOT NULL,
  time timestamptz NOT NULL,
  state smallint NOT NULL DEFAULT 1,  -- 1 waiting, 2 delivered, 3 failed, 4 abandoned.
  due_time timestamptz,  -- NULL unless it waits.
  attempts integer NOT NULL DEFAULT 0,
  tries integer NOT NULL DEFAULT 0,
  last_time timestamptz,
  last_status integer NOT NULL DEFAULT 0,
  last_error text NOT NULL DEFAULT '',
  last_latency_us bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
CREATE INDEX webhook_delivery_by_webhook ON webhook_delivery (webhook_key, key);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_key, due_time, key)
  WHERE due_time IS NOT NULL;
-- What waits of one job or batch: it is told in order.
CREATE INDEX webhook_delivery_in_order ON webhook_delivery (webhook_key, subject_key, key)
  WHERE due_time IS NOT NULL;
