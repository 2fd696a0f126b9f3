-- Returns the newest deletion of a name. $1 project, $2 kind (1 job, 2 batch), $3 id. 0 rows: none.
SELECT key, state, unix_us(time) AS time, actor, reason
FROM deleted_resource
WHERE project = $1 AND kind = $2::smallint AND id = $3
ORDER BY key DESC
LIMIT 1
