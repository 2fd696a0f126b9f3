-- Sets what every session has. $1 statement timeout and $2 idle-in-transaction timeout, in ms.
-- Never 0 rows.
SELECT set_config('statement_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', $2, false),
       set_config('timezone', 'UTC', false),
       set_config('client_min_messages', 'warning', false), set_config('jit', 'off', false)
