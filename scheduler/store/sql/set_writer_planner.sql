-- Ties the writer to look-ups by key, whatever the statistics of empty or just drained tables say.
-- Never 0 rows.
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
       set_config('enable_mergejoin', 'off', false), set_config('enable_bitmapscan', 'off', false),
       set_config('enable_material', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false)
