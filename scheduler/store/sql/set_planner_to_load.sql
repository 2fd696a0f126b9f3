-- Has this transaction merge what lies in the order of keys, and hash what it can instead of sorting it,
-- whatever the statistics of a table that has just grown say. Never 0 rows.
SELECT set_config('enable_mergejoin', 'on', true), set_config('enable_sort', 'off', true),
       set_config('work_mem', '32MB', true)
