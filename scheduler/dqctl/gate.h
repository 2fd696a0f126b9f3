// Reads the conditions of --gate into a dq.v1.Gate, and says which one failed. Stateless and
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dq/v1/job.pb.h"
#include "dq/v1/report.pb.h"

namespace dq::dqctl {

// Reads conditions, each one of "score>=N" (0 to 100), "duplicates<=N" (0 to 1) and "schema".
// Spaces are ignored; one condition may hold several, separated by commas or "and". An unknown
// condition, a number out of range or one condition given twice is INVALID_ARGUMENT USAGE.
absl::StatusOr<dq::v1::Gate> ParseGate(const std::vector<std::string>& conditions);

// Says which condition of `gate` the data of `report`, which did not pass, does not meet, with both
// values.
std::string FailedCondition(const dq::v1::Gate& gate, const dq::v1::Report& report);

}  // namespace dq::dqctl
