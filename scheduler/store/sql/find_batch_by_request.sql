-- Returns the batch of a request. $1 project, $2 request id. 0 rows: none.
SELECT r.* FROM batch b JOIN batch_record r ON r.key = b.key
WHERE b.project = $1 AND b.request_id = $2
