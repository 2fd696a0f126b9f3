// Runs a chain of stages over one open file: passes over the input, batches through the stages,
// outputs, report, gate. Sits between dq-worker's command line or the sandboxed child, and the
// stages. Works on file descriptors only, never on paths. One call uses the calling thread and
// `threads` - 1 of its own; calls are independent of each other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/checkpoint.h"
#include "worker/chain/progress.h"
#include "worker/chain/stage.h"

namespace dq {

// The files of a chain, all open, all owned by the caller. -1 means "there is none".
struct ChainFiles {
  int input_fd = -1;      // Regular file, readable; only pread is used.
  int reference_fd = -1;  // The same; optional.
  int cleaned_fd = -1;    // Outputs: empty, writable, written front to back, never read.
  int report_fd = -1;     // Every output is optional: what is -1 is not written.
  int changes_fd = -1;
  int clusters_fd = -1;
  int rejects_fd = -1;
  int profile_fd = -1;       // One line of JSON a column.
  int intermediate_fd = -1;  // The rows as stage `complete` has left them, where it keeps them.
  int temp_dir_fd = -1;      // A directory for temporary files; -1: memory must do.
};

// The header of a rejects file.
inline constexpr std::array<std::string_view, 4> kRejectsHeader = {"row", "byte", "reason",
                                                                   "content"};

enum class OutputKind {
  kCleaned,
  kReport,
  kChanges,
  kClusters,
  kRejects,
  kProfile,
  kIntermediate,
};
enum class Verdict { kNotEvaluated, kPassed, kFailed };

// One written output.
struct ChainOutput {
  OutputKind kind = OutputKind::kCleaned;
  int64_t size_bytes = 0;
  std::string sha256;  // Lower-case hex.
};

// What a stage did, for metrics.
struct ChainStageTotals {
  std::string stage;
  int64_t rows = 0;
  int64_t bytes = 0;
  double seconds = 0;
};

// The end of a successful chain.
struct ChainResult {
  std::string report_json;      // dq.v1.Report with proto field names, at most 64 KiB.
  std::optional<double> score;  // Set when the chain scored.
  Verdict verdict = Verdict::kNotEvaluated;
  std::string verdict_reason;  // Why the gate failed, a sentence; else "".
  int64_t rows_in = 0;         // rows_in = rows_out + duplicates_removed + rows_rejected.
  int64_t rows_out = 0;
  int64_t rows_rejected = 0;
  bool has_rejects = false;  // The rejects file names rows, or lines that are none.
  int64_t duplicates_removed = 0;
  int64_t duplicates_kept = 0;  // Found, and of rows_out.
  int64_t cells_filled = 0;
  int64_t cells_cleared = 0;             // Stood for no value and are empty now.
  std::vector<std::string> notes;        // Those of the report, as it tells them.
  std::vector<ChainStageTotals> totals;  // One a stage, in the order of the chain.
  std::vector<ChainOutput> outputs;      // One for every output descriptor that was given.
};

// Runs `spec` over `files`; `make_stages` builds the stages (BuildStages of worker/stages). The
// result depends on the contents of the files and on the spec without threads and display name, on
// nothing else. After an error the outputs hold an unusable part: discard them. Only a checkpoint
// syncs what it names to the disk.
//
// Errors are typed; their metadata has `category` (file, processing, system, configuration):
//   PARSE_FAILED{row,column,byte}  a bad row under BadRowPolicy::kFail, or an unreadable header
//   ENCODING_INVALID{row,byte}     the same for bytes that are not UTF-8
//   UNSUPPORTED_FORMAT             empty, no table, packed another way, or too many columns
//   COMPRESSION_INVALID{byte}      a packed file is damaged or cut off
//   UNPACKED_TOO_LARGE             a packed file holds more than a table of its size would
//   SCHEMA_INCOMPATIBLE            a column named in the options is not in the file
//   REFERENCE_MISSING              no reference for a key, or the reference lacks a key column
//   UNKNOWN_STAGE, BAD_FIELD       the spec itself
//   INPUT_CHANGED                  not the expected content, or it changed while the chain ran
//   DISK_FULL, IO_FAILED           writing or reading failed
//   OUT_OF_MEMORY                  the memory limit, which is named
//   CANCELLED (absl kCancelled)    `cancel` was set
//   INTERRUPTED (absl kAborted)    the plan's control said stop; with a plan that resumes another
//                                  call goes on from the last checkpoint
//
// With a plan the outputs are files that can be read too and may hold what an earlier run has
// written: they are gone on with, or emptied.
absl::StatusOr<ChainResult> RunChain(const ChainSpec& spec, const StageFactory& make_stages,
                                     const ChainFiles& files, ProgressSink& sink,
                                     const CancelToken& cancel, const CheckpointPlan& plan = {});

// "cleaned", "report", "changes", "clusters", "rejects", "profile", "intermediate".
std::string_view OutputKindName(OutputKind kind);

}  // namespace dq
