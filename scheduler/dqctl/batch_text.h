// Batches in words, for people: where one stands in a line, tables. Stateless and thread-safe.
#pragma once

#include <span>
#include <string>

#include "dq/v1/batch.pb.h"
#include "dq/v1/job.pb.h"
#include "scheduler/dqctl/console.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {

// Returns for example "PROCESSING, 2 / 5 completed, 1 failed, b-0123-4 runs, 0:30 left".
std::string BatchLine(const dq::v1::Batch& batch);

// Prints on stderr which operations failed, and of which the data failed its gate.
void PrintFailedOperations(const Console& console, const dq::v1::Batch& batch,
                           std::span<const dq::v1::Job> failed, std::span<const dq::v1::Job> below);

// One row a batch; one row a field.
Table BatchesTable(std::span<const dq::v1::Batch> batches);
Table BatchDetails(const dq::v1::Batch& batch);

}  // namespace dq::dqctl
