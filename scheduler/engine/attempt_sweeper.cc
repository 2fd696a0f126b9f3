#include "scheduler/engine/attempt_sweeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/storage/attempt_directory.h"
#include "scheduler/engine/attempt_folders.h"

namespace dq {
namespace {

constexpr absl::Duration kWaitMax = absl::Seconds(60);

}  // namespace

AttemptSweeper::AttemptSweeper(ObjectStore& objects, const Clock& clock, PrefixOf prefix_of,
                               RecordOf record_of, KeptOf kept_of)
    : objects_(objects),
      clock_(clock),
      prefix_of_(std::move(prefix_of)),
      record_of_(std::move(record_of)),
      kept_of_(std::move(kept_of)) {
  thread_ = std::thread([this] { Run(); });
}

AttemptSweeper::~AttemptSweeper() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void AttemptSweeper::Ended(const EndedJob& job) {
  const bool is_completed = job.state == JobState::kCompleted;
  Sweep sweep = {job.key, clock_.Boot(), job.attempt, "", job.checkpoint_attempt};
  if (is_completed) sweep.kept_directory = FolderIn(job.manifest_uri, prefix_of_(job.name));
  if (is_completed && sweep.kept_directory.empty()) return;  // It publishes nothing: a noop.
  MutexLock lock(mutex_);
  PlanLocked(job.name, std::move(sweep));
  changed_.NotifyAll();
}

void AttemptSweeper::Reopening(const JobName& job) {
  MutexLock lock(mutex_);
  while (sweeping_ == job) changed_.Wait(mutex_);
  const auto planned = sweeps_.find(job);
  if (planned == sweeps_.end()) return;
  Sweep later = planned->second;
  later.due = clock_.Boot() + kKeptForRetry;
  PlanLocked(job, std::move(later));
}

void AttemptSweeper::PlanLocked(const JobName& job, Sweep sweep) {
  ForgetLocked(job);
  dues_.emplace(sweep.due, job);
  sweeps_[job] = std::move(sweep);
}

void AttemptSweeper::ForgetLocked(const JobName& job) {
  const auto planned = sweeps_.extract(job);
  if (!planned.empty()) dues_.erase({planned.mapped().due, job});
}

void AttemptSweeper::Run() {
  while (const auto next = Take()) {
    Finish(next->first, next->second, Carry(next->first, next->second));
  }
}

std::optional<std::pair<JobName, AttemptSweeper::Sweep>> AttemptSweeper::Take() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    absl::Duration left = kWaitMax;
    if (!dues_.empty()) left = std::min(left, dues_.begin()->first - clock_.Boot());
    if (left > absl::ZeroDuration()) {
      changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(left));
      continue;
    }
    const JobName job = dues_.begin()->second;
    const Sweep sweep = sweeps_.at(job);
    ForgetLocked(job);
    sweeping_ = job;
    return std::pair(job, sweep);
  }
  return std::nullopt;
}

absl::Status AttemptSweeper::Check(const JobName& job, const Sweep& sweep) const {
  const absl::StatusOr<JobRecord> recorded = record_of_(job);
  if (!recorded.ok()) return recorded.status();
  const JobStatus& status = recorded->status;
  const bool is_over =
      recorded->key == sweep.job && IsTerminal(status.state) && status.attempt == sweep.attempt_max;
  return is_over ? absl::OkStatus() : absl::NotFoundError("live again since, or ended anew");
}

void AttemptSweeper::Finish(const JobName& job, Sweep sweep, const absl::Status& checked) {
  MutexLock lock(mutex_);
  sweeping_ = {};
  const bool is_unknown = !checked.ok() && !absl::IsNotFound(checked);
  if (is_unknown && !sweeps_.contains(job)) {
    sweep.due = clock_.Boot() + kWaitMax;
    PlanLocked(job, std::move(sweep));
  } else if (checked.ok() && sweep.kept_attempt != 0 && !sweeps_.contains(job)) {
    PlanLocked(job, {sweep.job, sweep.due + kKeptForRetry, sweep.attempt_max, "", 0});
  }
  changed_.NotifyAll();
}

absl::Status AttemptSweeper::Carry(const JobName& job, const Sweep& sweep) {
  const std::string prefix = prefix_of_(job);
  const absl::StatusOr<AttemptFolders> folders = ListAttemptFolders(objects_, prefix);
  // After the list: what another job of the name writes is not in it.
  absl::Status checked = Check(job, sweep);
  if (!checked.ok()) return checked;
  const absl::StatusOr<std::vector<std::string>> of_earlier_jobs = kept_of_(job);
  if (!of_earlier_jobs.ok()) return of_earlier_jobs.status();
  absl::Status swept = folders.status();
  if (folders.ok()) {
    // What is published under that name stays, what is unfinished under it does not.
    std::set<std::string> kept(of_earlier_jobs->begin(), of_earlier_jobs->end());
    const auto published = folders->published.find(sweep.kept_directory);
    if (published != folders->published.end()) {
      kept.insert(published->second.begin(), published->second.end());
    }
    const auto is_owed = [&](std::string_view folder) {
      const std::optional<int64_t> attempt = AttemptOfDirectory(folder);
      return attempt.has_value() && *attempt <= sweep.attempt_max && *attempt != sweep.kept_attempt;
    };
    swept = RemoveAttemptFolders(objects_, prefix, *folders, is_owed, kept);
  }
  if (!swept.ok()) {
    Log(LogLevel::kWarning, "what attempts have left stays",
        {{"job", job.id}, {"project", job.project}, {"message", MessageOf(swept)}});
  }
  return checked;
}

}  // namespace dq
