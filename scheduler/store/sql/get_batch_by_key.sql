-- Returns a batch. $1 its key. 0 rows: no such batch.
SELECT * FROM batch_record WHERE key = $1
