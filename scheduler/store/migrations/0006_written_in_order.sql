-- What a batch writes lies together.

-- By sequence first: the events of one batch are neighbours in the index, whatever the age of their
-- jobs. A job's own history is found all the same: its sequences are 1 to its version.
ALTER TABLE job_event DROP CONSTRAINT job_event_pkey, ADD PRIMARY KEY (sequence, job_key);

-- All rows of a page can be claimed in one batch, and have room to become longer by token and worker.
ALTER TABLE job SET (fillfactor = 35);
