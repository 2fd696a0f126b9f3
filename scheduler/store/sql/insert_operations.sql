-- Records the operations of a new batch. $1 its key, $2 what was asked for, an array in order.
-- 0 rows: always.
INSERT INTO batch_operation (batch_key, index, request)
SELECT $1::bigint, t.index, t.request
FROM unnest($2::bytea[]) WITH ORDINALITY AS t (request, index)
