-- Starts the transaction of a batch.
BEGIN
