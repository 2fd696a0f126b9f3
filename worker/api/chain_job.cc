#include "worker/api/chain_job.h"

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

}  // namespace

// Passes the child's progress on with an estimate of the end.
class ChainJob::Reporter final : public ProgressSink {
 public:
  explicit Reporter(ChainJob& job) : job_(job), begin_(job.surroundings_.clock.Boot()) {}

  void OnProgress(const ChainProgress& progress) override {
    job_.surroundings_.events.Push(
        JobProgressed{job_.lease_, SerialiseProgress(progress, EstimateEnd(progress.percent))});
  }

 private:
  absl::Time EstimateEnd(double percent) const {
    if (percent < kEstimatePercentMin) return absl::InfiniteFuture();
    const absl::Duration elapsed = job_.surroundings_.clock.Boot() - begin_;
    return job_.surroundings_.clock.Now() + elapsed * ((100 - percent) / percent);
  }

  ChainJob& job_;
  const absl::Time begin_;
};

ChainJob::ChainJob(LeaseKey lease, ChainOrder order, const JobSurroundings& surroundings)
    : lease_(std::move(lease)), order_(std::move(order)), surroundings_(surroundings) {
  thread_ = std::thread([this] { Main(); });
}

ChainJob::~ChainJob() {
  Stop();
  thread_.join();
}

void ChainJob::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  if (child_ != nullptr) child_->Kill();
}

void ChainJob::TakeBack() {
  const absl::Status removed =
      surroundings_.store.Unpublish(order_.output_prefix, order_.output_directory);
  if (removed.ok()) return;
  Log(LogLevel::kWarning, "outputs of a stopped attempt stay",
      {{"job", lease_.job}, {"attempt", lease_.attempt}, {"message", MessageOf(removed)}});
}

bool ChainJob::stopped() {
  MutexLock lock(mutex_);
  return stopped_;
}

void ChainJob::Main() {
  absl::StatusOr<JobEnded> ended = Attempt();
  if (!ended.ok() && !stopped()) {
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
  DQ_ASSIGN_OR_RETURN(JobFiles files, JobFiles::Open(surroundings_.store, order_));
  DQ_ASSIGN_OR_RETURN(ChainResult result, RunChild(files.chain_files()));
  files.CloseFiles();
  if (result.report_json.size() > kReportBytesMax) return ReportTooLong();
  DQ_ASSIGN_OR_RETURN(const JobFiles::Published published,
                      files.Publish(result, lease_, [this] { return stopped(); }));
  return JobEnded{lease_, CompletedOutcome(result, published.manifest, published.outputs),
                  AttemptEnd::kCompleted, std::move(result.totals)};
}

absl::StatusOr<ChainResult> ChainJob::RunChild(const ChainFiles& files) {
  const absl::Time begin = surroundings_.clock.Boot();
  DQ_ASSIGN_OR_RETURN(
      const std::unique_ptr<SandboxedJob> child,
      SandboxedJob::Start(surroundings_.child_program, order_.spec, files, order_.cpu_seconds));
  {
    MutexLock lock(mutex_);
    if (stopped_) return AttemptStopped();
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
