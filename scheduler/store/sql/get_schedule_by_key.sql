-- Returns a schedule. $1 its key. 0 rows: no such schedule.
SELECT * FROM schedule_record WHERE key = $1
