-- Adds an audit event of what an operator did. $1 the time, $2 who, $3 what, $4 to what, $5 why, $6 more
-- about it, JSON. 0 rows: always.
INSERT INTO operator_event (time, actor, action, subject, reason, detail)
VALUES ($1::timestamptz, $2, $3, $4, $5, $6::jsonb)
