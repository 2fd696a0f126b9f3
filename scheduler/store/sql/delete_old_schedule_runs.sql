-- Forgets runs that have ended. $1 the schedule, $2 the number of the newest that may go. 0 rows:
-- always.
DELETE FROM schedule_run WHERE schedule_key = $1 AND number <= $2 AND state > 2
