-- Makes a batch durable.
COMMIT
