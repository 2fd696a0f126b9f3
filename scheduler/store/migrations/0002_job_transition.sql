-- The state machine's table, as scheduler/core/state_table.h has it: the scheduler refuses to start
-- when the two differ. A change of it is a new migration.
CREATE TABLE job_transition (
  from_state smallint NOT NULL,
  event smallint NOT NULL,
  to_state smallint NOT NULL,
  PRIMARY KEY (from_state, event)
);
INSERT INTO job_transition (from_state, event, to_state) VALUES
  (1, 2, 2),  -- PENDING ready → QUEUED
  (1, 13, 5),  -- PENDING pause → PAUSED
  (1, 15, 9),  -- PENDING cancel → CANCELLED
  (1, 16, 10),  -- PENDING skip → SKIPPED
  (2, 3, 3),  -- QUEUED claim → PROCESSING
  (2, 13, 5),  -- QUEUED pause → PAUSED
  (2, 15, 9),  -- QUEUED cancel → CANCELLED
  (2, 16, 10),  -- QUEUED skip → SKIPPED
  (2, 17, 8),  -- QUEUED expire → FAILED
  (3, 4, 7),  -- PROCESSING complete → COMPLETED
  (3, 5, 1),  -- PROCESSING retry → PENDING
  (3, 6, 8),  -- PROCESSING give_up → FAILED
  (3, 7, 2),  -- PROCESSING release → QUEUED
  (3, 8, 4),  -- PROCESSING request_pause → PAUSING
  (3, 11, 6),  -- PROCESSING request_cancel → CANCELLING
  (4, 9, 5),  -- PAUSING confirm_pause → PAUSED
  (4, 10, 5),  -- PAUSING lose → PAUSED
  (4, 7, 5),  -- PAUSING release → PAUSED
  (4, 4, 7),  -- PAUSING complete → COMPLETED
  (4, 6, 8),  -- PAUSING give_up → FAILED
  (4, 11, 6),  -- PAUSING request_cancel → CANCELLING
  (6, 12, 9),  -- CANCELLING confirm_cancel → CANCELLED
  (6, 10, 9),  -- CANCELLING lose → CANCELLED
  (6, 7, 9),  -- CANCELLING release → CANCELLED
  (6, 6, 9),  -- CANCELLING give_up → CANCELLED
  (5, 14, 1),  -- PAUSED resume → PENDING
  (5, 15, 9),  -- PAUSED cancel → CANCELLED
  (5, 16, 10),  -- PAUSED skip → SKIPPED
  (8, 18, 2),  -- FAILED reopen → QUEUED
  (9, 18, 2),  -- CANCELLED reopen → QUEUED
  (10, 18, 2);  -- SKIPPED reopen → QUEUED
