// Builds the stages of a chain: the StageFactory that the product uses. Stateless.
#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "worker/chain/stage.h"

namespace dq {

// Makes the stages of `spec`, in order, each with its context. Options are checked against the
// columns later, by Stage::Begin.
absl::StatusOr<StageList> BuildStages(const ChainSpec& spec,
                                      std::span<const StageContext> contexts);

}  // namespace dq
