// The command line of `dq-worker run`. Values only.
#pragma once

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/paced_checkpoints.h"

namespace dq {

enum class ProgressStyle { kNone, kText, kJson };
inline constexpr std::array kProgressNames = {"none", "text", "json"};

struct RunOptions {
  ChainSpec spec;
  std::string input;
  std::string reference;  // "": none; so for the outputs.
  std::string output;
  std::string report;
  std::string changes;
  std::string clusters;
  std::string rejects;
  std::string profile;
  std::string intermediate;
  std::string temp_dir;  // "": the folder of the output.
  ProgressStyle progress = ProgressStyle::kText;
  std::string checkpoint_dir;  // "": no checkpoints.
  std::chrono::milliseconds checkpoint_interval = kCheckpointIntervalDefault;
  bool resume = false;
};

// The text of `dq-worker run --help`: examples first.
std::string RunHelp();

// Reads the arguments after "run". BAD_FIELD (UNKNOWN_STAGE for a stage) with a message that names
// the flag.
absl::StatusOr<RunOptions> ParseRunOptions(std::span<char* const> arguments);

// Reads "score>=90", "duplicates<=0.1" and "schema", joined by commas or " and ".
absl::StatusOr<ChainGate> ParseGate(std::string_view text);

}  // namespace dq
