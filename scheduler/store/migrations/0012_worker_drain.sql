-- Workers that get no jobs until an operator takes it back, and what operators did.

-- An older scheduler would give them jobs: one that leads goes on, but none leads again.
ALTER TABLE leadership DROP CONSTRAINT leadership_knows_batches;
UPDATE leadership SET schema_version = 12;
ALTER TABLE leadership ADD CONSTRAINT leadership_knows_drains CHECK (schema_version >= 12);

CREATE TABLE worker_drain (
  worker text COLLATE "C" PRIMARY KEY,
  actor text NOT NULL,
  reason text NOT NULL,
  time timestamptz NOT NULL
);

-- What was done that is no transition of one job: append-only audit.
CREATE TABLE operator_event (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  time timestamptz NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,  -- A resource name.
  reason text NOT NULL,
  detail jsonb NOT NULL
);
