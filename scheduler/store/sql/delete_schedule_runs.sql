-- Deletes the runs of a schedule that is deleted: after it, so that none is written meanwhile. $1 its key.
-- 0 rows: always.
DELETE FROM schedule_run WHERE schedule_key = $1::bigint
