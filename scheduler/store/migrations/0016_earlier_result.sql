-- Uploads are found by their bytes: where an earlier result will do, jobs over the same bytes are looked
-- for. Files that jobs have produced are not in it, so that a job that ends writes no entry of it.
CREATE INDEX file_by_sha256 ON file (project, sha256, age) WHERE produced_by = '';
