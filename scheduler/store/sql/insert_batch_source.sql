-- Records what a new batch is expanded from. $1 its key, $2 the source. 0 rows: always.
INSERT INTO batch_source (batch_key, source) VALUES ($1, $2::bytea)
