-- Holds the leadership row until the transaction ends, so that no other leader begins meanwhile. $1
-- cell, $2 epoch. 0 rows: another leads.
SELECT 1 FROM leadership WHERE cell = $1 AND epoch = $2::bigint AND instance <> '' FOR KEY SHARE
