#include "scheduler/api/schedule_codec.h"

#include <algorithm>
#include <string>

#include "dq/v1/batch_service.pb.h"
#include "dq/v1/job_service.pb.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/core/schedule_plan.h"

namespace dq {
namespace {

constexpr int kNextTimesShown = 5;

void SetTemplate(const ScheduleRecord& record, v1::Schedule& schedule) {
  if (record.kind == RunKind::kJob) {
    v1::CreateJobRequest request;
    if (request.ParseFromString(record.request)) *schedule.mutable_job() = request.job();
    return;
  }
  v1::CreateBatchRequest request;
  if (request.ParseFromString(record.request)) *schedule.mutable_batch() = request.batch();
}

void AddNextTimes(const ScheduleRecord& record, absl::Time now, v1::Schedule& schedule) {
  const auto timetable = Timetable::Parse(record.cron, record.time_zone);
  if (record.paused || !timetable.ok()) return;
  const absl::Time after = std::max(now, record.decided_until);
  for (const absl::Time time : NextFirings(*timetable, after, kNextTimesShown)) {
    *schedule.add_next_fire_times() = ToProto(time);
  }
}

}  // namespace

v1::Schedule ToProto(const ScheduleRecord& record, absl::Time now) {
  v1::Schedule schedule;
  schedule.set_name(ResourceText(record.project, kSchedules, record.id));
  schedule.set_uid(record.uid);
  schedule.set_display_name(record.display_name);
  schedule.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  schedule.set_cron(record.cron);
  schedule.set_time_zone(record.time_zone);
  schedule.set_overlap_policy(static_cast<v1::OverlapPolicy>(record.overlap));
  *schedule.mutable_catch_up_window() = ToProto(record.catch_up_window);
  schedule.set_paused(record.paused);
  SetTemplate(record, schedule);
  AddNextTimes(record, now, schedule);
  schedule.set_runs(record.runs);
  schedule.set_skipped(record.skipped);
  schedule.set_missed(record.missed);
  schedule.set_created_by(record.created_by);
  *schedule.mutable_create_time() = ToProto(record.create_time);
  *schedule.mutable_update_time() = ToProto(record.update_time);
  schedule.set_etag(std::to_string(record.revision));
  return schedule;
}

v1::ScheduleRun ToProto(const ScheduleRun& run, const std::string& project) {
  v1::ScheduleRun shown;
  shown.set_number(run.number);
  *shown.mutable_fire_time() = ToProto(run.fire_time);
  shown.set_triggered(run.is_triggered);
  shown.set_state(static_cast<v1::ScheduleRunState>(run.state));
  const bool is_made = !run.target.empty() && run.state != RunState::kWaiting;
  if (is_made && run.kind == RunKind::kJob) {
    shown.set_job(ResourceText(project, kJobs, run.target));
  }
  if (is_made && run.kind == RunKind::kBatch) {
    shown.set_batch(ResourceText(project, kBatches, run.target));
  }
  shown.set_error_reason(run.error_reason);
  shown.set_error_message(run.error_message);
  if (run.start_time != absl::InfinitePast()) {
    *shown.mutable_start_time() = ToProto(run.start_time);
  }
  if (run.end_time != absl::InfinitePast()) *shown.mutable_end_time() = ToProto(run.end_time);
  return shown;
}

}  // namespace dq
