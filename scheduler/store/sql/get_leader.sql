-- Returns who leads. $1 cell. 0 rows: nobody ever did.
SELECT instance, address FROM leadership WHERE cell = $1
