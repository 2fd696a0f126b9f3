// The sources of batches: lists directories, describes their files, and makes of every item the
// request that would create its job. Thread-safe.
#pragma once

#include "common/base/clock.h"
#include "common/storage/object_store.h"
#include "dq/v1/batch_service.pb.h"
#include "scheduler/engine/batch_expander.h"

namespace dq {

// Returns what opens the sources that SourceText() made. Errors of a directory: NOT_FOUND
// DIRECTORY_MISSING, FAILED_PRECONDITION DIRECTORY_EMPTY and DIRECTORY_UNREADABLE,
// RESOURCE_EXHAUSTED DIRECTORY_TOO_LARGE, INVALID_ARGUMENT FILE_NAME_INVALID. Both references
// outlive it.
SourceOpener MakeSourceOpener(ObjectStore& objects, const Clock& clock);

// Returns the source of a batch for BatchRecord::source; "" of one whose operations are listed.
std::string SourceText(const v1::CreateBatchRequest& request);
// Shows the directory or the generator in `source` in a batch.
void ShowSource(const std::string& source, v1::Batch& batch);

}  // namespace dq
