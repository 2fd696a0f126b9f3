-- Returns the state table as recorded. 0 rows: it is missing.
SELECT from_state, event, to_state FROM job_transition ORDER BY from_state, event, to_state
