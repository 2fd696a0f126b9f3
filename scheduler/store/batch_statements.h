// Turns a WriteBatch into the parameters of the writer's statements. Pure; the field order is that
// of the head comments in sql/. Stateless and thread-safe.
#pragma once

#include <vector>

#include "scheduler/core/job_store.h"
#include "scheduler/store/creation_statements.h"
#include "scheduler/store/pipeline_connection.h"

namespace dq {

// Returns whether every insert is a job that was created, perhaps claimed, and nothing else:
// create_jobs and claim_jobs can write it.
bool AreAllPlain(const std::vector<JobInsert>& inserts);

// Returns everything that writes the batch when all inserts are plain and none meets an existing
// job. A statement that finds something else fails the transaction.
std::vector<PipelineCall> WholeCalls(const WriteBatch& batch);

// The careful way. Returns what decides about the batch: first insert_jobs, then the updates.
std::vector<PipelineCall> DecidingCalls(const WriteBatch& batch);
// Returns what follows from it: specs, events, results, files, counts. `inserted` are the inserts
// that happened.
std::vector<PipelineCall> FollowingCalls(const WriteBatch& batch, const InsertList& inserted);

// Returns find_conflicting_jobs for all inserts of the batch.
PipelineCall ConflictCall(const WriteBatch& batch);

}  // namespace dq
