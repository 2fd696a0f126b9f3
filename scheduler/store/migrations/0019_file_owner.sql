-- Whose a produced file is by the key of its job, since a name may be another job's by now. Those whose job was
-- deleted and that something needed are found by its name, so that no later job of that name takes them along.
ALTER TABLE file ADD producer_key bigint;  -- 0: its job is deleted; NULL: an upload, or older than this column.
CREATE INDEX file_without_job ON file (project, produced_by) WHERE producer_key = 0;
UPDATE file f SET producer_key = 0
WHERE f.produced_by <> ''
  AND NOT EXISTS (SELECT FROM job j WHERE j.project = f.project AND j.id = f.produced_by);

-- Uploads that nothing names. By an expression, so that who looks for the newest of equal bytes is never led through all uploads.
CREATE INDEX file_upload_by_age ON file ((age + 0)) WHERE produced_by = '';
CREATE INDEX reference_version_by_file ON reference_version (project, file_id);
