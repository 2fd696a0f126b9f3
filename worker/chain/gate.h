// Judges a report by a gate. Pure.
#pragma once

#include <optional>
#include <string>

#include "worker/chain/chain_runner.h"
#include "worker/chain/report.h"

namespace dq {

struct GateFindings {
  Verdict verdict = Verdict::kNotEvaluated;
  std::string reason;  // Why it failed, a sentence; else "".
};

// kNotEvaluated without a gate; kFailed, with the first condition that does not hold, else kPassed.
// A score that the chain did not measure does not reach any minimum.
GateFindings JudgeGate(const std::optional<ChainGate>& gate, const Report& report);

}  // namespace dq
