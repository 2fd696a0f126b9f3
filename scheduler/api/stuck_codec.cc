#include "scheduler/api/stuck_codec.h"

#include <algorithm>
#include <string>

#include "scheduler/api/job_codec.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

std::string SecondsText(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

std::string StagesText(const JobRules& rules) {
  std::string text;
  for (const std::string& stage : rules.stages) text += (text.empty() ? "" : ", ") + stage;
  return text;
}

std::string Explain(const StuckView& view) {
  const JobStatus& status = view.job.record.status;
  const std::string connected = view.worker_connected ? "" : ", which is not connected";
  switch (view.diagnosis) {
    case StuckDiagnosis::kNoProgress:
      return "Worker " + status.worker + connected + " has reported no progress for " +
             SecondsText(view.no_progress_for) + ".";
    case StuckDiagnosis::kNotStopping:
      return "It is " + std::string(StateName(status.state)) + ", and worker " + status.worker +
             connected + " has not confirmed that it stopped.";
    case StuckDiagnosis::kNoWorker:
      return "It has waited for " + SecondsText(view.waiting_for) +
             ": no worker that takes jobs offers all of its stages (" +
             StagesText(view.job.record.rules) + ").";
  }
  return "";
}

v1::RecoverAction ActionFor(StuckDiagnosis diagnosis) {
  switch (diagnosis) {
    case StuckDiagnosis::kNoProgress:
      return v1::RECOVER_ACTION_RETRY;
    case StuckDiagnosis::kNotStopping:
      return v1::RECOVER_ACTION_RELEASE;
    case StuckDiagnosis::kNoWorker:
      return v1::RECOVER_ACTION_UNSPECIFIED;
  }
  return v1::RECOVER_ACTION_UNSPECIFIED;
}

std::string Suggest(StuckDiagnosis diagnosis) {
  switch (diagnosis) {
    case StuckDiagnosis::kNoProgress:
      return "Look at the worker's log; retry the job, which ends this attempt as failed, or set "
             "no_progress_timeout for such jobs.";
    case StuckDiagnosis::kNotStopping:
      return "Release it: the attempt is given up, and the job is what was asked for.";
    case StuckDiagnosis::kNoWorker:
      return "Start workers with these stages or take back drains; fail or cancel the job if there "
             "are to be none.";
  }
  return "";
}

}  // namespace

v1::StuckJob StuckJobToProto(const StuckView& view) {
  const JobRecord& record = view.job.record;
  v1::StuckJob job;
  job.set_job(JobText(record.name));
  job.set_state(static_cast<v1::JobState>(record.status.state));
  job.set_diagnosis(static_cast<v1::StuckDiagnosis>(view.diagnosis));
  job.set_explanation(Explain(view));
  job.set_suggested_action(ActionFor(view.diagnosis));
  job.set_suggestion(Suggest(view.diagnosis));
  if (IsLeased(record.status.state)) {
    job.set_worker("workers/" + record.status.worker);
    job.set_worker_connected(view.worker_connected);
    *job.mutable_no_progress_for() = ToProto(view.no_progress_for);
    *job.mutable_lease_age() = ToProto(view.lease_age);
  } else {
    *job.mutable_waiting_for() = ToProto(std::max(view.waiting_for, absl::ZeroDuration()));
  }
  job.set_attempt(record.status.attempt);
  job.set_charges(record.status.charges);
  if (!record.status.error.reason.empty()) *job.mutable_last_error() = ToProto(record.status.error);
  for (const std::string& stage : record.rules.stages) job.add_stages(stage);
  return job;
}

v1::JobRefusal JobRefusalToProto(const JobName& job, const absl::Status& why) {
  v1::JobRefusal refusal;
  refusal.set_job(JobText(job));
  *refusal.mutable_error() = ErrorToProto(why);
  return refusal;
}

}  // namespace dq
