// Turns a WriteBatch into the parameters of the writer's statements. Pure; the field order is that
// of the head comments in sql/. Stateless and thread-safe.
#pragma once

#include <vector>

#include "scheduler/core/job_store.h"
#include "scheduler/store/pipeline_connection.h"

namespace dq {

using InsertList = std::vector<const JobInsert*>;

// Returns what decides whether the batch may be written: insert_jobs and update_jobs, when there
// are any.
std::vector<PipelineCall> DecidingCalls(const WriteBatch& batch);

// Returns what follows from it: specs, events, results, files, counts. `inserted` are the inserts
// that happened.
std::vector<PipelineCall> FollowingCalls(const WriteBatch& batch, const InsertList& inserted);

// Returns find_conflicting_jobs for all inserts of the batch.
PipelineCall ConflictCall(const WriteBatch& batch);

}  // namespace dq
