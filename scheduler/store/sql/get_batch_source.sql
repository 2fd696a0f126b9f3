-- Returns what a batch is expanded from. $1 its key. 0 rows: its operations came with the request.
SELECT source FROM batch_source WHERE batch_key = $1
