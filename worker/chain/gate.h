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
// What the chain did not measure holds no condition: a score, a share of duplicates, columns
// compared; of a file without rows neither of the first two is known.
GateFindings JudgeGate(const std::optional<ChainGate>& gate, const Report& report);

}  // namespace dq
