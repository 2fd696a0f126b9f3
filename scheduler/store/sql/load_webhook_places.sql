-- Returns the webhooks there are, disabled ones too. 0 rows: there are none.
SELECT project, key FROM webhook WHERE delete_time IS NULL ORDER BY key
