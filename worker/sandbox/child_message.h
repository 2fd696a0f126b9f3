// What parent and job child say to each other, as text. Down, once: the orders. Up
// the status pipe: one JSON object a line, `start` when checkpoints are taken, any number of
// `progress` and `saved`, then one `result` or `error`.
// Values and pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/chain_runner.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/progress.h"
#include "worker/sandbox/child_limits.h"

namespace dq {

// Longest line the parent accepts: a report with its outputs, with room.
inline constexpr size_t kChildLineBytesMax = size_t{1} << 20;

// What a child needs to know before it reads a byte of data.
struct ChildOrders {
  int32_t parent_pid = 0;  // A child whose parent is another process ends at once.
  ChildLimits limits;
  // How often checkpoints are taken, where there are files for them.
  int64_t checkpoint_interval_ms = 0;
  // The chain goes on from the newest one in these files, if it is this one; none: it starts over.
  std::optional<WantedCheckpoint> resume;
  ChainSpec chain;
};

std::string EncodeChildOrders(const ChildOrders& orders);
// Errors: as DecodeChainSpec().
absl::StatusOr<ChildOrders> DecodeChildOrders(std::string_view text);

// One line of the status pipe, with its line end. Bytes that are not UTF-8 are replaced.
std::string EncodeProgressLine(const ChainProgress& progress);
std::string EncodeStartLine(const ChainStart& start);
std::string EncodeSavedLine(const SavedCheckpoint& saved);
std::string EncodeResultLine(const ChainResult& result);
std::string EncodeErrorLine(const absl::Status& error);

// The last word of a child: its result or its typed error.
using ChildEnd = absl::StatusOr<ChainResult>;
using ChildLine = std::variant<ChainProgress, ChainStart, SavedCheckpoint, ChildEnd>;

// Reads a line. INTERNAL for anything the functions above do not write: the child is not trusted.
absl::StatusOr<ChildLine> DecodeChildLine(std::string_view line);

}  // namespace dq
