-- A batch proves itself in one round trip, and a job without a request id costs no index entry.

-- Ends the transaction with the SQLSTATE `code`: a statement that finds its batch wrong calls it.
CREATE FUNCTION refuse(code text, why text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = why;
END $$;

-- '': the caller gave none. Such jobs are found by key and name alone.
ALTER TABLE job DROP CONSTRAINT job_project_request_id_key;
CREATE UNIQUE INDEX job_by_request ON job (project, request_id) WHERE request_id <> '';
