-- Keeps this transaction from sorting what it can hash, whatever the statistics of a table that has just
-- grown say. Never 0 rows.
SELECT set_config('enable_sort', 'off', true), set_config('work_mem', '32MB', true)
