-- Ties every session to look-ups by key, whatever the statistics of empty or just drained tables say.
-- $1 plan_cache_mode: the writer's plans never depend on the parameters. Never 0 rows.
SELECT set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),
       set_config('enable_mergejoin', 'off', false), set_config('enable_bitmapscan', 'off', false),
       set_config('enable_material', 'off', false), set_config('plan_cache_mode', $1, false)
