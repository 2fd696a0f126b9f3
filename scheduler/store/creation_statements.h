// The statements that write new jobs, and what never changes of them, as parameters. Pure; the
// field order is that of the head comments in sql/. Stateless and thread-safe.
#pragma once

#include <vector>

#include "scheduler/core/job_store.h"
#include "scheduler/store/pipeline_connection.h"

namespace dq {

using InsertList = std::vector<const JobInsert*>;

// Returns whether the insert is a job that was created and nothing else: create_jobs can write it,
// and job_history tells its creation without a row of its own.
bool IsPlainCreation(const JobInsert& insert);

// Returns whether the insert is such a job that was given to a worker as it came: create_jobs can
// write it, and claim_jobs behind it.
bool IsClaimedCreation(const JobInsert& insert);

// Returns what writes new jobs that are all plain, or would be before they were claimed, with what
// never changes of them.
std::vector<PipelineCall> CreateCalls(const InsertList& inserted);

// Returns insert_job_specs.
PipelineCall InsertJobSpecs(const InsertList& inserted);

}  // namespace dq
