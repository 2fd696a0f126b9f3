// Turns the ends of jobs in a WriteBatch into the parameters of the statement that records them for
// webhooks. Pure; stateless and thread-safe.
#pragma once

#include <vector>

#include "scheduler/core/job_store.h"
#include "scheduler/store/creation_statements.h"
#include "scheduler/store/pipeline_connection.h"

namespace dq {

// Returns what records every end in the batch of a job of its announced projects; nothing when
// there is none. `inserted` are the inserts that happened. An end that a retry follows in the same
// batch is one.
std::vector<PipelineCall> AnnouncementCalls(const WriteBatch& batch, const InsertList& inserted);

}  // namespace dq
