-- Marks where a part of a batch begins, so that it can be undone alone.
SAVEPOINT part
