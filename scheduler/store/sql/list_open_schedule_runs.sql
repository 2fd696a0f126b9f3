-- Returns the runs of a schedule that have not ended, in order. $1 its key. 0 rows: there are none.
SELECT * FROM schedule_run_record WHERE schedule_key = $1 AND state <= 2 ORDER BY number
