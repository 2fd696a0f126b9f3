-- Returns the limits that were set. 0 rows: none was.
SELECT kind, name, running_max, live_max, weight FROM group_limit ORDER BY kind, name
