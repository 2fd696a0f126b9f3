// Batches between the core's values and the API's messages. Stateless and thread-safe.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "dq/v1/batch.pb.h"
#include "scheduler/core/batch.h"

namespace dq {

// Returns the batch as of `now`, its running operations having done `running_share` of an operation
// together.
v1::Batch ToProto(const BatchView& view, double running_share, absl::Time now);

}  // namespace dq
