-- Records operations of a batch. $1 its key, $2 the index of the last one before, $3 what was asked
-- for, an array in order. 0 rows: always.
INSERT INTO batch_operation (batch_key, index, request)
SELECT $1::bigint, $2::integer + t.index, t.request
FROM unnest($3::bytea[]) WITH ORDINALITY AS t (request, index)
