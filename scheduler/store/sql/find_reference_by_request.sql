-- Returns the reference of an earlier request. $1 project, $2 request id. 0 rows: none.
SELECT * FROM reference_record WHERE project = $1 AND request_id = $2
