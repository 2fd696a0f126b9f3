-- Keeps what the part has written.
RELEASE SAVEPOINT part
