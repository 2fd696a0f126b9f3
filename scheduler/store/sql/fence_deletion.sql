-- Proves that this leader still leads, before the commit: from here on no other begins until the transaction
-- ends. Not earlier: whoever takes over would wait for all of it. $1 cell, $2 epoch. 0 rows: another leads.
SELECT 1 FROM leadership WHERE cell = $1 AND epoch = $2::bigint AND instance <> '' FOR KEY SHARE
