-- Undoes the part, also after an error; it can be ended afterwards.
ROLLBACK TO SAVEPOINT part
