// What a stage of a chain is: it sees batches of rows and changes them in place. Sits between the
// chain runner (which drives) and worker/stages (which implement).
//
// A stage is called by one thread at a time and spreads its work over `StageContext::pool`, always
// split by data: a learner owns one column (or one pair of columns, one partition of the hashes)
// and sees all batches in the order of the input, as in
//   pool.ParallelFor(learners.size(), [&](size_t i) { return learners[i].Learn(batch, i); })
// and what concerns single rows runs over ranges of rows whose sizes depend on the batch alone.
// What tasks find is put together in the order of their indexes. So results never depend on
// threads.
//
// A chain makes one pass over the input for every stage that learns, and one more:
//   for every learning stage L, in order:
//     Begin(kLearn) on L, Begin(kApply) on every stage before L
//     for every batch: Apply by the stages before L, then L.Learn
//     L.EndLearn
//   Begin(kApply) on every stage
//   for every batch: Apply by all stages in order, then Settle by all stages; the rows are written
//   Finish on every stage, in order
// So `complete` needs two passes whatever the size of the file, and a stage is asked to forget what
// it counted whenever a new pass begins.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/memory_budget.h"
#include "worker/chain/report.h"
#include "worker/table/row_batch.h"
#include "worker/table/row_sink.h"

namespace dq {

class StateReader;
class StateWriter;

enum class Pass { kLearn, kApply };

// How far what a stage learns can be saved, so that another run of the chain goes on from there.
enum class LearnedState {
  kNotSaved,   // Not at all: the pass is made again, and there is no checkpoint after it.
  kCollected,  // What Learn has collected, at any time of the pass; EndLearn is called again.
  kDecided,    // What EndLearn has decided; a pass that was interrupted is made again.
};

// How far stages look before the first pass, in numbers of rows.
inline constexpr int64_t kGlanceRowsMax = 1000;

class Stage {
 public:
  virtual ~Stage() = default;

  // The name in the chain, "complete" or "dedupe".
  virtual std::string_view name() const = 0;
  // Whether the stage needs a pass of its own before it can apply. Asked when it is built, and
  // again when the stages before it have learned: what is true at first may be false then, not the
  // other way round.
  virtual bool learns() const = 0;
  // Whether the stage wants to look at the first rows of the table before any pass.
  virtual bool glances() const { return false; }
  // Looks at the rows up to number kGlanceRowsMax, batch by batch and as they were read; returns
  // whether to go on. Rows beyond may come, and count for nothing: it must not depend on where
  // batches end. Errors of the options.
  virtual absl::StatusOr<bool> Glance(const std::vector<std::string>& columns, const RowBatch&) {
    (void)columns;
    return false;
  }
  // Starts a pass over rows with these columns: forgets the counts of an earlier kApply pass, keeps
  // what was learned. The first Begin checks the options against the columns.
  virtual absl::Status Begin(Pass pass, const std::vector<std::string>& columns) = 0;
  // Looks at a batch and changes nothing. Skips dropped rows.
  virtual absl::Status Learn(const RowBatch& batch) = 0;
  // Ends the learn pass: decides.
  virtual absl::Status EndLearn() = 0;
  // Whether deciding takes about as long as a pass.
  virtual bool decides_long() const { return false; }
  // Changes cells, drops rows. Skips rows that are dropped already.
  virtual absl::Status Apply(RowBatch& batch) = 0;
  // Sees the batch of the last Apply again as it leaves the whole chain: what is not dropped is in
  // the output. Only in the last pass.
  virtual void Settle(const RowBatch&) {}
  // By column, whether every cell of the last pass, where it is not empty, is a number that JSON
  // has so. Empty: the stage does not know. Once EndLearn was called.
  virtual std::vector<bool> number_columns() const { return {}; }
  // Adds the stage's findings to the report. Only after the last pass.
  virtual absl::Status Finish(Report& report) = 0;

  virtual LearnedState learned_state() const { return LearnedState::kNotSaved; }
  // Saves what learned_state() says; restores it after Begin(kLearn), in a stage of the same
  // options. A restored stage goes on as the saved one would have. Restoring gives
  // CHECKPOINT_INVALID for bytes that cannot be such a state, OUT_OF_MEMORY for one that does not
  // fit here.
  virtual absl::Status SaveLearned(StateWriter&) const { return absl::OkStatus(); }
  virtual absl::Status RestoreLearned(StateReader&) { return absl::OkStatus(); }
  // The same for what the stage has counted and remembered between two batches of a kApply pass.
  // Not called once a stage of kNotSaved has learned.
  virtual absl::Status SaveApplied(StateWriter&) const { return absl::OkStatus(); }
  virtual absl::Status RestoreApplied(StateReader&) { return absl::OkStatus(); }

  // What the stage put into temporary files, in all.
  virtual int64_t spilled_bytes() const { return 0; }
};

using StageList = std::vector<std::unique_ptr<Stage>>;

// What stages may use. Everything outlives them.
struct StageContext {
  MemoryBudget& memory;
  TaskPool& pool;
  int reference_fd = -1;                  // -1: no reference.
  int temp_dir_fd = -1;                   // A directory for temporary files; -1: there is none.
  std::function<int64_t()> rows_max;      // No more rows will be seen: exact after the first pass.
  std::function<bool()> rows_known = {};  // Whether rows_max is exact; none: it is not.
  RowSink* changes = nullptr;   // row,column,before,after,method,confidence; null: not wanted.
  RowSink* clusters = nullptr;  // row,cluster_id,kept,confidence[,explanation]; null: not wanted.
  std::function<bool()> stop;   // Whether a long step of a stage's own should end with CANCELLED.
  // Told how far a step of EndLearn is, 0 to 1 and never less than before, and what it does. By one
  // thread at a time; only by stages that decide_long(). Empty: nobody wants to know.
  std::function<void(double share, std::string_view step)> long_step = {};
  // Told once the whole reference was read: its size and XXH3 (64 bits), so that nobody need read
  // it again to know it. Empty: nobody wants to know.
  std::function<void(int64_t bytes, uint64_t fingerprint)> reference_read = {};
};

// Returns the place of the column called `name`; SCHEMA_INCOMPATIBLE, naming `option`, when there
// is none or more than one.
absl::StatusOr<size_t> FindColumn(const std::vector<std::string>& columns, std::string_view name,
                                  std::string_view option);

// CANCELLED once `stop` says so; an empty one never does.
absl::Status CheckStop(const std::function<bool()>& stop);

// Makes the stages of `spec`, in order, each with its context.
using StageFactory = std::function<absl::StatusOr<StageList>(
    const ChainSpec& spec, std::span<const StageContext> contexts)>;

}  // namespace dq
