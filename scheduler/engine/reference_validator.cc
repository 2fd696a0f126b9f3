#include "scheduler/engine/reference_validator.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/logging.h"

namespace dq {
namespace {

constexpr int kReadMax = 100;  // Versions that are read at a time.
constexpr double kWaitGrowth = 1.5;

void LogFailure(const ValidatingReference& reference, const absl::Status& why) {
  Log(LogLevel::kWarning, "validation of a reference does not get on",
      {{"reference", reference.id},
       {"project", reference.project},
       {"version", reference.version.version},
       {"message", MessageOf(why)}});
}

}  // namespace

void ReferenceValidator::Start(Scheduler& scheduler) {
  scheduler_ = &scheduler;
  thread_ = std::thread([this] { Run(); });
}

void ReferenceValidator::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void ReferenceValidator::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

bool ReferenceValidator::IsStopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

bool ReferenceValidator::Wait(absl::Duration wait) {
  MutexLock lock(mutex_);
  if (!woken_ && !stopping_) changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(wait));
  return std::exchange(woken_, false);
}

void ReferenceValidator::Run() {
  absl::Duration wait = options_.first_wait;
  while (!IsStopping()) {
    if (!scheduler_->IsServing()) {
      Wait(options_.standby_interval);
      wait = options_.first_wait;
      continue;
    }
    const bool has_some = StepOfAll();
    const bool woken = Wait(has_some ? wait : options_.look_interval);
    const bool begins = woken || !has_some;
    wait = begins ? options_.first_wait : std::min(wait * kWaitGrowth, options_.longest_wait);
  }
}

bool ReferenceValidator::StepOfAll() {
  bool has_some = false;
  ValidatingReference last;
  while (true) {
    const auto validating = catalog_.ListValidatingReferences(last, kReadMax);
    if (!validating.ok()) return true;  // Another look soon.
    for (const ValidatingReference& reference : *validating) {
      if (IsStopping()) return true;
      StepOf(reference);
    }
    has_some = has_some || !validating->empty();
    if (std::ssize(*validating) < kReadMax) return has_some;
    last = validating->back();
  }
}

void ReferenceValidator::StepOf(const ValidatingReference& reference) {
  const auto job = jobs_.GetJob({reference.project, reference.version.validation_job});
  if (absl::IsNotFound(job.status())) return Submit(reference);
  if (job.ok() && IsTerminal(job->status.state)) Settle(reference, *job);
}

void ReferenceValidator::Submit(const ValidatingReference& reference) {
  absl::StatusOr<JobRecord> record = validation_.make(reference);
  if (absl::IsUnavailable(record.status())) return;
  if (!record.ok()) {
    ValidatingReference refused = reference;
    refused.version.state = ReferenceState::kRefused;
    refused.version.error = {ReasonOf(record.status()), MessageOf(record.status()),
                             MetadataOf(record.status())};
    const absl::Status settled = catalog_.SettleReference(refused);
    if (!settled.ok()) LogFailure(reference, settled);
    return;
  }
  // What is refused for now, or not recorded yet, is submitted again: its request id tells it.
  scheduler_->Submit(*std::move(record), [reference](const absl::StatusOr<SubmitResult>& result) {
    if (!result.ok()) LogFailure(reference, result.status());
  });
}

void ReferenceValidator::Settle(ValidatingReference reference, const JobRecord& ended) {
  const auto report = jobs_.GetReportJson(ended.name);
  if (absl::IsUnavailable(report.status())) return;
  reference.version =
      validation_.judge(std::move(reference.version), ended, report.ok() ? *report : "");
  // First, since nobody comes back to a version that is settled.
  absl::Status done = validation_.clear_up(ended);
  if (done.ok()) done = catalog_.SettleReference(reference);
  if (!done.ok()) return LogFailure(reference, done);
  Log(LogLevel::kInfo, "reference validated",
      {{"reference", reference.id},
       {"project", reference.project},
       {"version", reference.version.version},
       {"reason", reference.version.error.reason}});
}

}  // namespace dq
