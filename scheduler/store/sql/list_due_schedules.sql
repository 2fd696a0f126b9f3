-- Returns the schedules for which there will be something to do, by when. $1 how many at most. 0
-- rows: there are none.
SELECT key, unix_us(look_time) AS look_time FROM schedule WHERE look_time IS NOT NULL
ORDER BY schedule.look_time LIMIT $1
