// Runs a chain over texts, for tests: files in memory around RunChain with the product's stages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "nlohmann/json_fwd.hpp"
#include "worker/chain/chain_runner.h"

namespace dq {

struct HarnessRun {
  absl::Status status;
  ChainResult result;  // When the status is OK, as are the texts.
  std::string cleaned;
  std::string report;
  std::string changes;
  std::string clusters;
  std::string rejects;
  std::string profile;
  std::string intermediate;
};

// Runs `spec` over `input`; complete and dedupe with default options when it has no stage.
// `temp_dir_fd`: a directory for temporary files, or -1.
HarnessRun RunChainOnText(ChainSpec spec, std::string_view input,
                          std::optional<std::string> reference = std::nullopt,
                          int temp_dir_fd = -1);

// The report without what may differ between two runs: times, memory, temporary files.
nlohmann::json ComparableReport(const std::string& report);

}  // namespace dq
