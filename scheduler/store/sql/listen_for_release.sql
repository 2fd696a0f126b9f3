-- Has this session told when a leadership is given back, from now on. Never a row.
LISTEN dq_leadership
