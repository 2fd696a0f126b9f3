-- Writes how far a batch is expanded. $1 its key, $2 how many operations it has, $3 how many are
-- added, $4 expansion, $5 how many its source makes, $6 the last item that is an operation, $7 and $8
-- why it is halted. 0 rows: it has another number of operations, or is not being expanded.
UPDATE batch
SET operations = $2::integer + $3::integer, expansion = $4, found = $5, expanded_to = $6,
    halt_reason = $7, halt_message = $8
WHERE key = $1 AND expansion = 1 AND operations = $2::integer
RETURNING key
