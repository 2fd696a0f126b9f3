-- A project's jobs are found by its pages of keys (job_page): the index of all its keys is one entry a
-- job less to write.
DROP INDEX job_by_project;
