#include "worker/chain/chain_run.h"

#include <sys/resource.h>

#include <chrono>
#include <utility>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "worker/chain/gate.h"
#include "worker/chain/reading_report.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/bytes/file_source.h"
#include "worker/table/bytes/spill_file.h"
#include "worker/table/open_table.h"

namespace dq {
namespace {

// More rows than anybody has.
constexpr int64_t kRowsMax = int64_t{1} << 39;

using SteadyClock = std::chrono::steady_clock;

// Adds the time of its life to `seconds`.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(SteadyClock::now() - start_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  SteadyClock::time_point start_ = SteadyClock::now();
};

int64_t PeakBytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace

std::string ConfigSha256(ChainSpec spec) {
  spec.threads = 1;
  spec.memory_limit_bytes = kMemoryLimitBytesDefault;
  spec.display_name.clear();
  spec.input_sha256.clear();
  spec.reference_sha256.clear();
  return Sha256Of(EncodeChainSpec(spec));
}

ChainRun::ChainRun(const ChainSpec& spec, const ChainFiles& files, ProgressSink& sink,
                   const CancelToken& cancel, const CheckpointPlan& plan)
    : spec_(spec),
      files_(files),
      sink_(sink),
      cancel_(cancel),
      plan_(plan),
      memory_(spec.memory_limit_bytes),
      pool_(spec.threads),
      outputs_(files, spec, pool_),
      checkpoints_(plan.files),
      savable_(plan.control != nullptr) {}

absl::Status ChainRun::Open(const StageFactory& make_stages) {
  DQ_RETURN_IF_ERROR(CheckStages(spec_.stages));
  DQ_RETURN_IF_ERROR(CheckForm(spec_.form));
  const ReadOptions read{.on_bad_row = spec_.form.on_bad_row,
                         .batch_bytes = plan_.batch_bytes,
                         .memory_limit_bytes = spec_.memory_limit_bytes,
                         .stop = [this] { return StopAsked(); }};
  DQ_ASSIGN_OR_RETURN(reader_, OpenTable(files_.input_fd, spec_.form.input, read));
  DQ_RETURN_IF_ERROR(MakeStages(make_stages));
  DQ_RETURN_IF_ERROR(LetStagesGlance());
  int passes = 1;
  for (const auto& stage : stages_) {
    may_learn_.push_back(stage->learns());
    passes += may_learn_.back() ? 1 : 0;
    passes += stage->decides_long() ? 1 : 0;
    totals_.push_back({.stage = std::string(stage->name())});
    report_.stages.push_back({.name = std::string(stage->name())});
  }
  learned_.resize(stages_.size());
  meter_ = std::make_unique<ProgressMeter>(sink_, passes, static_cast<int>(stages_.size()),
                                           reader_->source().raw_size_bytes());
  return absl::OkStatus();
}

// Each has its own share of the memory, so that it is known what it held.
absl::Status ChainRun::MakeStages(const StageFactory& make_stages) {
  const int temp_dir_fd = CanSpill() ? files_.temp_dir_fd : -1;
  std::vector<StageContext> contexts;
  for (size_t i = 0; i < spec_.stages.size(); ++i) {
    contexts.push_back(
        {.memory = stage_memory_.emplace_back(&memory_),
         .pool = pool_,
         .reference_fd = files_.reference_fd,
         .temp_dir_fd = temp_dir_fd,
         .rows_max = [this] { return RowsMax(); },
         .rows_known = [this] { return rows_.has_value(); },
         .changes = outputs_.changes(),
         .clusters = outputs_.clusters(),
         .stop = [this] { return StopAsked(); },
         .long_step = [this](double share, std::string_view step) { meter_->Reach(share, step); },
         .reference_read = [this](int64_t bytes,
                                  uint64_t fingerprint) { NoteReference(bytes, fingerprint); }});
  }
  DQ_ASSIGN_OR_RETURN(stages_, make_stages(spec_, contexts));
  return absl::OkStatus();
}

// Shows the first rows to stages that want to see them. What cannot be read is told by the passes.
absl::Status ChainRun::LetStagesGlance() {
  std::vector<Stage*> glancing;
  for (const auto& stage : stages_) {
    if (stage->glances()) glancing.push_back(stage.get());
  }
  if (glancing.empty() || !reader_->StartPass(nullptr).ok()) return absl::OkStatus();
  RowBatch batch;
  while (!glancing.empty() && reader_->rows() < kGlanceRowsMax) {
    const absl::StatusOr<bool> more = reader_->Next(batch);
    if (!more.ok() || !*more) break;
    std::vector<Stage*> going_on;
    for (Stage* const stage : glancing) {
      DQ_ASSIGN_OR_RETURN(const bool goes_on, stage->Glance(reader_->columns(), batch));
      if (goes_on) going_on.push_back(stage);
    }
    glancing = std::move(going_on);
  }
  return absl::OkStatus();
}

// A long step that was stopped does not know who asked for it.
absl::Status ChainRun::EndOf(absl::Status status) const {
  if (status.code() != absl::StatusCode::kCancelled) return status;
  DQ_RETURN_IF_ERROR(CheckCancelled());
  return StopAsked() ? Interrupted() : status;
}

// Whether temporary files can be made: not where the file system has no unnamed ones and the
// sandbox allows no others. Then memory must do.
bool ChainRun::CanSpill() const {
  return files_.temp_dir_fd >= 0 && SpillFile::Create(files_.temp_dir_fd).ok();
}

absl::StatusOr<ChainResult> ChainRun::MakePasses() {
  for (size_t i = 0; i < stages_.size(); ++i) {
    const bool learned = i < first_pass_ && learned_[i].has_value();
    const bool learns = i >= first_pass_ && stages_[i]->learns();
    report_.stages[i].passes = learned || learns ? 2 : 1;
    if (i < first_pass_) {
      if (may_learn_[i]) meter_->SkipPass();
    } else if (learns) {
      DQ_RETURN_IF_ERROR(LearnPass(i));
    } else if (may_learn_[i]) {
      meter_->SkipPass();
    }
  }
  DQ_RETURN_IF_ERROR(LastPass());
  return Conclude();
}

absl::Status ChainRun::LearnPass(size_t learner) {
  meter_->StartPass(stages_[learner]->name(), static_cast<int>(learner) + 1,
                    "Learning what the columns hold");
  DQ_RETURN_IF_ERROR(BeforePass(learner));
  if (first_within_ == Within::kStart) {
    DQ_RETURN_IF_ERROR(BeginLearnPass(learner));
    DQ_RETURN_IF_ERROR(reader_->StartPass(nullptr));
  }
  GoOnFrom();
  ReadAhead batches(*reader_, pool_);
  for (;;) {
    DQ_ASSIGN_OR_RETURN(RowBatch* const batch, NextBatch(batches, learner));
    if (batch == nullptr && !batches.held()) break;
    if (batch == nullptr) {
      DQ_RETURN_IF_ERROR(TakeCheckpoint(learner, batches));
      continue;
    }
    for (size_t i = 0; i < learner; ++i) DQ_RETURN_IF_ERROR(stages_[i]->Apply(*batch));
    {
      const Stopwatch watch(totals_[learner].seconds);
      DQ_RETURN_IF_ERROR(stages_[learner]->Learn(*batch));
    }
    DQ_RETURN_IF_ERROR(OfferCheckpoint(learner, batches));
  }
  DQ_RETURN_IF_ERROR(CheckInput());
  NoteContent();
  return EndLearn(learner);
}

absl::Status ChainRun::BeginLearnPass(size_t learner) {
  const Stopwatch watch(totals_[learner].seconds);
  for (size_t i = 0; i <= learner; ++i) {
    DQ_RETURN_IF_ERROR(
        stages_[i]->Begin(i == learner ? Pass::kLearn : Pass::kApply, reader_->columns()));
  }
  return absl::OkStatus();
}

absl::Status ChainRun::EndLearn(size_t learner) {
  Stage& stage = *stages_[learner];
  if (stage.learned_state() == LearnedState::kCollected) DQ_RETURN_IF_ERROR(SaveLearned(learner));
  {
    const Stopwatch watch(totals_[learner].seconds);
    if (stage.decides_long()) {
      meter_->StartPass(stage.name(), static_cast<int>(learner) + 1, "Deciding");
    }
    DQ_RETURN_IF_ERROR(stage.EndLearn());
  }
  if (stage.learned_state() == LearnedState::kDecided) DQ_RETURN_IF_ERROR(SaveLearned(learner));
  if (stage.learned_state() == LearnedState::kNotSaved) savable_ = false;
  return absl::OkStatus();
}

// From here on passes begin at their beginning.
void ChainRun::GoOnFrom() {
  if (std::exchange(first_within_, Within::kStart) == Within::kStart) return;
  meter_->GoOn(first_rows_, first_bytes_);
}

// Remembers what a complete pass has shown about the input.
void ChainRun::NoteContent() {
  rows_ = reader_->rows();
  if (!content_fingerprint_.has_value()) {
    content_fingerprint_ = reader_->source().raw_fingerprint();
  }
}

int64_t ChainRun::RowsMax() const {
  if (rows_.has_value()) return *rows_;
  const FileForm& form = reader_->layout().form;
  if (form.compression != Compression::kNone) return kRowsMax;
  // Every cell has at least a delimiter or a line end, a row that is padded a line end, and {} is
  // the shortest object.
  size_t bytes = spec_.form.on_bad_row == BadRowPolicy::kPad ? 1 : reader_->layout().row_cells;
  if (form.format == TableFormat::kJsonLines) bytes = 3;
  return reader_->source().raw_size_bytes() / static_cast<int64_t>(bytes) + 1;
}

absl::Status ChainRun::LastPass() {
  const size_t last = stages_.size() - 1;
  meter_->StartPass(stages_[last]->name(), static_cast<int>(last) + 1, "Writing the cleaned file");
  DQ_RETURN_IF_ERROR(BeforePass(stages_.size()));
  if (first_within_ == Within::kStart) DQ_RETURN_IF_ERROR(BeginLastPass());
  GoOnFrom();
  ReadAhead batches(*reader_, pool_);
  for (;;) {
    DQ_ASSIGN_OR_RETURN(RowBatch* const batch, NextBatch(batches, last));
    if (batch == nullptr && !batches.held()) break;
    if (batch == nullptr) {
      DQ_RETURN_IF_ERROR(TakeCheckpoint(stages_.size(), batches));
      continue;
    }
    DQ_RETURN_IF_ERROR(ApplyLast(*batch));
    DQ_RETURN_IF_ERROR(OfferCheckpoint(stages_.size(), batches));
  }
  return CheckInput();
}

absl::Status ChainRun::BeginLastPass() {
  for (const auto& stage : stages_) {
    DQ_RETURN_IF_ERROR(stage->Begin(Pass::kApply, reader_->columns()));
  }
  DQ_RETURN_IF_ERROR(outputs_.Open(reader_->layout(), NumberColumns()));
  return reader_->StartPass(outputs_.rejects());
}

std::vector<bool> ChainRun::NumberColumns() const {
  for (const auto& stage : stages_) {
    if (std::vector<bool> numbers = stage->number_columns(); !numbers.empty()) return numbers;
  }
  return {};
}

absl::Status ChainRun::ApplyLast(RowBatch& batch) {
  for (size_t i = 0; i < stages_.size(); ++i) {
    DQ_RETURN_IF_ERROR(ApplyStage(i, batch));
    const auto* const complete = std::get_if<CompleteOptions>(&spec_.stages[i]);
    if (complete == nullptr || !complete->keep_intermediate) continue;
    DQ_RETURN_IF_ERROR(outputs_.AddIntermediate(batch));
  }
  for (const auto& stage : stages_) stage->Settle(batch);
  report_.rows_out += static_cast<int64_t>(batch.row_count() - batch.dropped_count());
  const Stopwatch watch(totals_.back().seconds);
  return outputs_.AddCleaned(batch);
}

absl::Status ChainRun::ApplyStage(size_t stage, RowBatch& batch) {
  const Stopwatch watch(totals_[stage].seconds);
  report_.stages[stage].rows_in += static_cast<int64_t>(batch.row_count() - batch.dropped_count());
  DQ_RETURN_IF_ERROR(stages_[stage]->Apply(batch));
  report_.stages[stage].rows_out += static_cast<int64_t>(batch.row_count() - batch.dropped_count());
  return absl::OkStatus();
}

// Returns the next batch, null after the last or when reading is held; the time counts for `stage`.
absl::StatusOr<RowBatch*> ChainRun::NextBatch(ReadAhead& batches, size_t stage) {
  DQ_RETURN_IF_ERROR(CheckCancelled());
  const Stopwatch watch(totals_[stage].seconds);
  DQ_ASSIGN_OR_RETURN(RowBatch* const batch, batches.Next());
  if (batch != nullptr) {
    meter_->Add(static_cast<int64_t>(batch->row_count()), batch->input_bytes);
  }
  return batch;
}

absl::Status ChainRun::CheckInput() const {
  if (spec_.input_sha256.empty() || reader_->source().sha256() == spec_.input_sha256) {
    return absl::OkStatus();
  }
  return InputChanged("the input is not the file that was uploaded; upload it again");
}

absl::StatusOr<ChainResult> ChainRun::Conclude() {
  DQ_RETURN_IF_ERROR(CheckCancelled());
  DQ_RETURN_IF_ERROR(reader_->CheckAnyRowRead());
  DQ_RETURN_IF_ERROR(outputs_.Finish());
  for (const auto& stage : stages_) DQ_RETURN_IF_ERROR(stage->Finish(report_));
  DescribeRun();
  ScoreReport(report_);
  const GateFindings gate = JudgeGate(spec_.gate, report_);
  ChainResult result{.report_json = ReportJson(report_),
                     .score = report_.score,
                     .verdict = gate.verdict,
                     .verdict_reason = gate.reason,
                     .rows_in = report_.rows_in,
                     .rows_out = report_.rows_out,
                     .rows_rejected = report_.rows_rejected,
                     .has_rejects = outputs_.HasRejects(),
                     .duplicates_removed = report_.duplicates_stay ? 0 : report_.duplicates(),
                     .duplicates_kept = report_.duplicates_stay ? report_.duplicates() : 0,
                     .cells_filled = report_.cells_filled,
                     .cells_cleared = report_.cells_cleared,
                     .notes = {},
                     .totals = totals_,
                     .outputs = {}};
  result.notes = NotesOf(result.report_json);
  DQ_RETURN_IF_ERROR(outputs_.WriteReport(result.report_json));
  DQ_RETURN_IF_ERROR(outputs_.WriteProfile(ProfileLines(report_)));
  result.outputs = outputs_.Written();
  meter_->Finish("Done");
  return result;
}

void ChainRun::DescribeRun() {
  ReportReading(*reader_, report_);
  if (const int64_t cells = outputs_.cells_guarded(); cells > 0) {
    report_.limits.push_back(std::to_string(cells) +
                             " cells of the cleaned file begin like formulas and got an apostrophe "
                             "before them (--formula-guard).");
  }
  report_.provenance = {.version = DQ_VERSION,
                        .config_sha256 = ConfigSha256(spec_),
                        .input_sha256 = reader_->source().sha256(),
                        .output_sha256 = outputs_.CleanedSha256(),
                        .seed = 0};
  report_.process_peak_bytes = PeakBytes();
  for (size_t i = 0; i < stages_.size(); ++i) {
    report_.stages[i].seconds = totals_[i].seconds;
    report_.stages[i].peak_bytes = stage_memory_[i].peak_bytes();
    report_.stages[i].spilled_bytes = stages_[i]->spilled_bytes();
    totals_[i].rows = report_.stages[i].rows_in;
    totals_[i].bytes = reader_->source().raw_size_bytes();
  }
}

absl::Status ChainRun::CheckCancelled() const {
  return CheckStop([this] { return cancel_.cancelled(); });
}

bool ChainRun::StopAsked() const {
  return cancel_.cancelled() || (plan_.control != nullptr && plan_.control->stop_asked());
}

}  // namespace dq
