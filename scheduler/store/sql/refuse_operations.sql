-- Records why operations can be no jobs; '' takes it back. $1 key of the batch, $2 a JSON object of
-- index and reason. 0 rows: always.
UPDATE batch_operation o
SET refusal = t.value
FROM jsonb_each_text($2::jsonb) t
WHERE o.batch_key = $1 AND o.index = t.key::integer
