// One run of one chain: its passes, from the beginning or from a checkpoint. Part of the chain
// runner, which makes one object a run. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/task_pool.h"
#include "worker/chain/chain_outputs.h"
#include "worker/chain/chain_runner.h"
#include "worker/chain/checkpoint_file.h"
#include "worker/chain/memory_budget.h"
#include "worker/chain/progress_meter.h"
#include "worker/chain/report.h"
#include "worker/chain/stage.h"
#include "worker/table/read_ahead.h"
#include "worker/table/row_reader.h"

namespace dq {

class ChainRun {
 public:
  // Everything outlives the run.
  ChainRun(const ChainSpec& spec, const ChainFiles& files, ProgressSink& sink,
           const CancelToken& cancel, const CheckpointPlan& plan);

  // Looks at the input and builds the stages. Called first.
  absl::Status Open(const StageFactory& make_stages);
  // Puts everything to where it was at the newest checkpoint and returns how far that is. After
  // CHECKPOINT_INVALID and most other errors the chain can start over: this run unless restored(),
  // then another one.
  absl::StatusOr<ChainStart> Resume();
  // Whether a part of a checkpoint is in this run already.
  bool restored() const { return restored_; }
  // Forgets all checkpoints and what an earlier run has written.
  absl::Status StartOver();
  // Makes the passes that are left and writes the report. Called once, last.
  absl::StatusOr<ChainResult> MakePasses();
  // The error that the chain ends with when a call above gave `status`.
  absl::Status EndOf(absl::Status status) const;

 private:
  // Whether a checkpoint lies before the first row of its pass, or between two batches.
  enum class Within { kStart, kMiddle };

  absl::Status LearnPass(size_t learner);
  absl::Status BeginLearnPass(size_t learner);
  absl::Status EndLearn(size_t learner);
  absl::Status LastPass();
  absl::Status BeginLastPass();
  absl::Status ApplyLast(RowBatch& batch);
  absl::Status ApplyStage(size_t stage, RowBatch& batch);
  absl::StatusOr<RowBatch*> NextBatch(ReadAhead& batches, size_t stage);
  absl::Status CheckInput() const;
  void GoOnFrom();
  void NoteContent();
  bool CanSpill() const;
  absl::Status MakeStages(const StageFactory& make_stages);
  absl::Status LetStagesGlance();
  int64_t RowsMax() const;
  std::vector<bool> NumberColumns() const;
  absl::StatusOr<ChainResult> Conclude();
  void DescribeRun();
  absl::Status CheckCancelled() const;
  bool StopAsked() const;

  bool CanSaveIn(size_t pass) const;
  absl::Status OfferCheckpoint(size_t pass, ReadAhead& batches);
  absl::Status TakeCheckpoint(size_t pass, ReadAhead& batches);
  absl::Status BeforePass(size_t pass);
  absl::StatusOr<bool> Save(size_t pass, Within within);
  absl::Status SaveLearned(size_t learner);
  std::string Identity() const;
  absl::Status IdentifyReference();
  void NoteReference(int64_t bytes, uint64_t fingerprint);
  absl::Status DifferenceOf(std::string_view identity) const;
  absl::Status PutState(StateWriter& writer, size_t pass, Within within,
                        const ChainOutputs::Places& places) const;
  void PutInput(StateWriter& writer) const;
  absl::Status RestoreInput(StateReader& reader);
  absl::Status RestoreLearned(StateReader& reader, size_t pass);
  absl::Status RestoreMiddle(StateReader& reader);
  absl::Status Interrupted() const;

  const ChainSpec& spec_;
  const ChainFiles& files_;
  ProgressSink& sink_;
  const CancelToken& cancel_;
  const CheckpointPlan& plan_;
  MemoryBudget memory_;
  std::deque<MemoryBudget> stage_memory_;  // Each stage's share of it.
  TaskPool pool_;
  ChainOutputs outputs_;
  std::unique_ptr<RowReader> reader_;
  StageList stages_;
  std::unique_ptr<ProgressMeter> meter_;
  Report report_;
  std::vector<ChainStageTotals> totals_;
  std::vector<bool> may_learn_;
  std::optional<int64_t> rows_;  // Known after the first pass, as is the next one.
  std::optional<uint64_t> content_fingerprint_;

  // Where the run begins: the pass (of the stage that learns; the last one behind them), and
  // whether in its middle, so that it is begun already.
  size_t first_pass_ = 0;
  Within first_within_ = Within::kStart;
  int64_t first_rows_ = 0;  // Of that pass that an earlier run has done.
  int64_t first_bytes_ = 0;

  CheckpointFile checkpoints_;
  std::optional<std::string> reference_identity_;       // Once it is known; "": there is none.
  std::vector<std::optional<LearnedSection>> learned_;  // By stage.
  bool savable_;  // Whether all that was learned so far can be restored.
  bool stopping_ = false;
  bool restored_ = false;
};

// Digest of what decides the result: neither threads nor memory nor names.
std::string ConfigSha256(ChainSpec spec);

}  // namespace dq
