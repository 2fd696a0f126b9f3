#include "worker/api/chain_job.h"

#include <cmath>
#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "worker/api/job_files.h"
#include "worker/api/outcome_messages.h"
#include "worker/api/protocol_messages.h"
#include "worker/chain/report.h"

namespace dq {
namespace {

// Below, the pace so far says nothing.
constexpr double kEstimatePercentMin = 1;

// The chain keeps to the limit; its process is not trusted to.
absl::Status ReportTooLong() {
  return MakeError(absl::StatusCode::kResourceExhausted, "REPORT_TOO_LONG",
                   "the report passes its limit of " + std::to_string(kReportBytesMax) +
                       " bytes: the file has too many columns, or too long names",
                   {{"category", "processing"}});
}

// Whether another attempt may go on where this one failed. What lies there takes room, which a full
// disk has not.
bool IsWorthLeaving(const absl::Status& failure) {
  return failure.code() != absl::StatusCode::kCancelled && IsRetryable(failure) &&
         ReasonOf(failure) != "DISK_FULL";
}

}  // namespace

// Passes the child's progress on with an estimate of the end.
class ChainJob::Reporter final : public JobSink {
 public:
  explicit Reporter(ChainJob& job) : job_(job), begin_(job.surroundings_.clock.Boot()) {}

  void OnProgress(const ChainProgress& progress) override {
    ChainProgress shown = progress;
    shown.current_step += note_;
    job_.surroundings_.events.Push(
        JobProgressed{job_.lease_, SerialiseProgress(shown, EstimateEnd(progress.percent))});
  }
  void OnStart(const ChainStart& start) override {
    begin_percent_ = start.percent;
    if (start.resumed) {
      note_ =
          " (resumed from a checkpoint at " + std::to_string(std::lround(start.percent)) + " %)";
    }
    if (start.resumed) PushResumed(start);
    if (!start.resumed && job_.lease_.attempt == 1) return;
    Log(LogLevel::kInfo,
        start.resumed ? "attempt resumed from a checkpoint" : "attempt starts over",
        {{"job", job_.lease_.job},
         {"attempt", job_.lease_.attempt},
         {"percent", int64_t{std::lround(start.percent)}},
         {"reason", start.reason}});
  }
  void OnSaved(const SavedCheckpoint& saved) override {
    Log(LogLevel::kDebug, "checkpoint written",
        {{"job", job_.lease_.job},
         {"attempt", job_.lease_.attempt},
         {"sequence", saved.sequence},
         {"percent", int64_t{std::lround(saved.percent)}},
         {"bytes", saved.bytes}});
    Push(saved);
  }

 private:
  void Push(const SavedCheckpoint& saved) {
    job_.has_checkpoint_ = true;
    job_.surroundings_.events.Push(JobSaved{
        job_.lease_, SerialiseCheckpoint(job_.lease_, job_.order_.output_directory, saved)});
  }
  // What was taken over is this attempt's own now.
  void PushResumed(const ChainStart& start) {
    if (!job_.order_.resume.has_value()) return;  // The child is not trusted.
    const ResumeOrder& taken = *job_.order_.resume;
    Push({.sequence = start.sequence,
          .percent = start.percent,
          .stage = taken.stage,
          .fingerprint = taken.checkpoint.fingerprint});
  }
  absl::Time EstimateEnd(double percent) const {
    const double done = percent - begin_percent_;
    if (done < kEstimatePercentMin) return absl::InfiniteFuture();
    const absl::Duration elapsed = job_.surroundings_.clock.Boot() - begin_;
    return job_.surroundings_.clock.Now() + elapsed * ((100 - percent) / done);
  }

  ChainJob& job_;
  const absl::Time begin_;
  double begin_percent_ = 0;
  std::string note_;
};

ChainJob::ChainJob(LeaseKey lease, ChainOrder order, const JobSurroundings& surroundings)
    : lease_(std::move(lease)), order_(std::move(order)), surroundings_(surroundings) {
  thread_ = std::thread([this] { Main(); });
}

ChainJob::~ChainJob() {
  Stop(StopWay::kLeave);
  thread_.join();
}

void ChainJob::Stop(StopWay way) {
  MutexLock lock(mutex_);
  stop_ = way;
  StopChild();
}

void ChainJob::StopChild() {
  if (child_ == nullptr || !stop_.has_value()) return;
  switch (*stop_) {
    case StopWay::kDiscard:
    case StopWay::kLeave:
      return child_->Kill();
    case StopWay::kSave:
      return child_->Interrupt();
    case StopWay::kSaveThenLeave:
      return child_->InterruptWhenSaved();
  }
}

void ChainJob::TakeBack() {
  const absl::Status removed =
      surroundings_.store.Unpublish(order_.output_prefix, order_.output_directory);
  if (removed.ok()) return;
  Log(LogLevel::kWarning, "outputs of a stopped attempt stay",
      {{"job", lease_.job}, {"attempt", lease_.attempt}, {"message", MessageOf(removed)}});
}

bool ChainJob::stop_asked() {
  MutexLock lock(mutex_);
  return stop_.has_value();
}

// Whether what the attempt publishes is not wanted any more.
bool ChainJob::stopped() {
  MutexLock lock(mutex_);
  return stop_.has_value() && *stop_ != StopWay::kSaveThenLeave;
}

bool ChainJob::leaves() {
  MutexLock lock(mutex_);
  return stop_.has_value() && *stop_ != StopWay::kDiscard;
}

// Whether an attempt that gave `status` ends because it was told to: one that has failed for good
// while it waited for a checkpoint has failed.
bool ChainJob::EndsStopped(const absl::Status& status) {
  return stopped() || ReasonOf(status) == "INTERRUPTED" ||
         (stop_asked() && status.code() == absl::StatusCode::kCancelled);
}

void ChainJob::Main() {
  absl::StatusOr<JobEnded> ended = Attempt();
  if (!ended.ok() && !EndsStopped(ended.status())) {
    Log(LogLevel::kWarning, "attempt failed",
        {{"job", lease_.job},
         {"attempt", lease_.attempt},
         {"reason", ReasonOf(ended.status())},
         {"message", MessageOf(ended.status())}});
    ended = JobEnded{lease_, FailedOutcome(ended.status()), AttemptEnd::kFailed, {}};
  }
  if (!ended.ok()) ended = JobEnded{lease_, std::nullopt, AttemptEnd::kStopped, {}};
  surroundings_.events.Push(*std::move(ended));
}

absl::StatusOr<JobEnded> ChainJob::Attempt() {
  DQ_ASSIGN_OR_RETURN(JobFiles files,
                      JobFiles::Open(surroundings_.store, order_, [this] { return stop_asked(); }));
  absl::StatusOr<JobEnded> ended = RunOver(files);
  const bool stays = has_checkpoint_ &&
                     ((leaves() && EndsStopped(ended.status())) || IsWorthLeaving(ended.status()));
  if (!ended.ok() && stays) files.Leave();
  return ended;
}

absl::StatusOr<JobEnded> ChainJob::RunOver(JobFiles& files) {
  DQ_ASSIGN_OR_RETURN(ChainResult result, RunChild(files));
  files.CloseFiles();
  if (result.report_json.size() > kReportBytesMax) return ReportTooLong();
  DQ_ASSIGN_OR_RETURN(const JobFiles::Published published,
                      files.Publish(result, lease_, [this] { return stopped(); }));
  RemoveEarlierAttempts(surroundings_.store, order_);
  return JobEnded{lease_, CompletedOutcome(result, published.manifest, published.outputs),
                  AttemptEnd::kCompleted, std::move(result.totals)};
}

absl::StatusOr<ChainResult> ChainJob::RunChild(const JobFiles& files) {
  const absl::Time begin = surroundings_.clock.Boot();
  DQ_ASSIGN_OR_RETURN(
      const std::unique_ptr<SandboxedJob> child,
      SandboxedJob::Start(
          surroundings_.child_program, order_.spec, files.chain_files(), order_.cpu_seconds,
          {files.checkpoint_files(), surroundings_.checkpoint_interval, files.resume()}));
  {
    MutexLock lock(mutex_);
    if (stop_.has_value()) return AttemptStopped();
    child_ = child.get();
  }
  Reporter reporter(*this);
  absl::StatusOr<ChainResult> result = child->Run(order_.timeout, reporter);
  {
    MutexLock lock(mutex_);
    child_ = nullptr;
  }
  surroundings_.metrics.ChildRan(surroundings_.clock.Boot() - begin);
  return result;
}

}  // namespace dq
