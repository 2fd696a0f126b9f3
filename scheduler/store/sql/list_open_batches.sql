-- Returns the keys of the batches for which there is something to do. 0 rows: there are none.
SELECT key FROM batch WHERE end_time IS NULL ORDER BY key
