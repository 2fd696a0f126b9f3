#include "scheduler/engine/schedule_driver.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "scheduler/core/batch_rollup.h"
#include "scheduler/core/batch_wish.h"

namespace dq {
namespace {

// Schedules and ends that are read at a time.
constexpr int kReadMax = 500;
// Until what may succeed later is tried again, and a run is asked again to end.
constexpr absl::Duration kLater = absl::Seconds(1);
// Until an expression is read again that this machine's time zones cannot place.
constexpr absl::Duration kMuchLater = absl::Minutes(1);
constexpr char kActor[] = "scheduler";

// Whether the same may be taken later.
bool IsForNow(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsAborted(status);
}

RunState EndOf(JobState state) {
  switch (state) {
    case JobState::kCompleted:
      return RunState::kCompleted;
    case JobState::kFailed:
      return RunState::kFailed;
    case JobState::kSkipped:
      return RunState::kSkipped;
    case JobState::kCancelled:
      return RunState::kCancelled;
    case JobState::kPending:
    case JobState::kQueued:
    case JobState::kProcessing:
    case JobState::kPausing:
    case JobState::kPaused:
    case JobState::kCancelling:
      return RunState::kRunning;
  }
  return RunState::kRunning;
}

RunState EndOf(BatchState state) {
  switch (state) {
    case BatchState::kCompleted:
      return RunState::kCompleted;
    case BatchState::kPartialSuccess:
      return RunState::kPartialSuccess;
    case BatchState::kFailed:
      return RunState::kFailed;
    case BatchState::kCancelled:
      return RunState::kCancelled;
    case BatchState::kPending:
    case BatchState::kProcessing:
    case BatchState::kPaused:
    case BatchState::kCancelling:
      return RunState::kRunning;
  }
  return RunState::kRunning;
}

// Returns what metrics call the end of a run.
std::string_view OutcomeOf(RunState state) {
  switch (state) {
    case RunState::kCompleted:
      return "completed";
    case RunState::kPartialSuccess:
      return "partial_success";
    case RunState::kFailed:
      return "failed";
    case RunState::kCancelled:
      return "cancelled";
    case RunState::kSkipped:
      return "skipped";
    case RunState::kWaiting:
    case RunState::kRunning:
      break;
  }
  return "unfinished";
}

void EndRun(ScheduleRun& run, RunState state, absl::Time now) {
  run.state = state;
  run.end_time = now;
}

bool HasWaiting(const std::vector<ScheduleRun>& runs) {
  const auto is_waiting = [](const ScheduleRun& run) { return run.state == RunState::kWaiting; };
  return std::ranges::any_of(runs, is_waiting);
}

// Says what a run is about to become: what the schedule makes now.
void SetTarget(const ScheduleRecord& schedule, ScheduleRun& run) {
  run.target = RunTarget(schedule, run);
  run.kind = schedule.kind;
}

std::string CancelReason(const ScheduleRecord& schedule) {
  return "the next run of schedule " + schedule.id + " is to begin";
}

}  // namespace

absl::StatusOr<ScheduleDriver::Outlook> ScheduleDriver::Pass() {
  DQ_ASSIGN_OR_RETURN(const RunEnds ends, ports_.schedules.ListRunEnds(kReadMax));
  DQ_ASSIGN_OR_RETURN(const std::vector<DueSchedule> due,
                      ports_.schedules.ListDueSchedules(kReadMax));
  const absl::Time now = ports_.clock.Now();
  std::map<ScheduleKey, Ends> todo;
  for (const RunEnd& end : ends.ended) {
    DQ_ASSIGN_OR_RETURN(const RunState state, StateOf(end));
    if (HasEnded(state)) todo[end.schedule].push_back({end.number, state});
  }
  const bool is_overdue = !due.empty() && due.front().look_time < now;
  ports_.metrics.SchedulesOverdue(is_overdue ? now - due.front().look_time : absl::ZeroDuration());
  Outlook outlook;
  outlook.runs_go_on = ends.running > 0;
  for (const DueSchedule& one : due) {
    if (one.look_time > now) {
      outlook.wait = one.look_time - now;
      break;
    }
    todo.try_emplace(one.key);
  }
  if (!todo.empty()) outlook.wait = absl::ZeroDuration();  // Look times have moved.
  for (const auto& [key, ended] : todo) {
    const absl::Status status = Step(key, ended);
    // Whoever was faster has recorded something else: it is looked at again.
    if (status.ok() || absl::IsAborted(status)) continue;
    outlook.wait = kLater;
    Log(LogLevel::kWarning, "schedule not carried on",
        {{"schedule_key", key}, {"message", MessageOf(status)}});
  }
  return outlook;
}

absl::Status ScheduleDriver::Step(ScheduleKey key, const Ends& ends) {
  absl::StatusOr<ScheduleView> read = ports_.schedules.GetScheduleByKey(key);
  if (absl::IsNotFound(read.status())) return absl::OkStatus();
  DQ_RETURN_IF_ERROR(read.status());
  Work work = {*read, *read};
  TakeEnds(work.view, ends);
  const absl::Time now = ports_.clock.Now();
  const auto timetable = Timetable::Parse(work.view.record.cron, work.view.record.time_zone);
  if (!timetable.ok()) {
    Log(LogLevel::kError, "schedule cannot be read",
        {{"schedule", work.view.record.id}, {"message", MessageOf(timetable.status())}});
    work.view.record.look_time = now + kMuchLater;
    return Record(work);
  }
  work.view = DecideDue(std::move(work.view), *timetable, now);
  ScheduleRecord& record = work.view.record;
  std::vector<ScheduleRun>& runs = work.view.open;
  const RunPlan plan = PlanRuns(record.overlap, runs);
  for (const size_t i : plan.skip) EndRun(runs[i], RunState::kSkipped, now);
  record.skipped += std::ssize(plan.skip);
  const absl::Time next = NextLook(record, *timetable);
  // Recorded before it is made: nobody takes it for one that never was.
  if (plan.start && runs[*plan.start].target.empty()) SetTarget(record, runs[*plan.start]);
  const bool goes_on = plan.start.has_value() || !plan.cancel.empty();
  record.look_time = goes_on ? std::min(next, now + kLater) : next;
  DQ_RETURN_IF_ERROR(Record(work));
  for (const size_t i : plan.cancel) Cancel(record, runs[i]);
  if (!plan.start) return absl::OkStatus();
  ScheduleRun& started = runs[*plan.start];
  if (absl::Status begun = Begin(record, started); !begun.ok()) return absl::OkStatus();
  const bool may_follow =
      HasEnded(started.state) || record.overlap == OverlapPolicy::kCancelRunning;
  const bool has_next = may_follow && HasWaiting(runs);
  record.look_time = has_next ? now : next;
  return Record(work);
}

void ScheduleDriver::TakeEnds(ScheduleView& view, const Ends& ends) const {
  for (const Ended& end : ends) {
    const auto run = std::ranges::find(view.open, end.number, &ScheduleRun::number);
    if (run == view.open.end() || run->state != RunState::kRunning) continue;
    EndRun(*run, end.state, ports_.clock.Now());
  }
}

absl::StatusOr<RunState> ScheduleDriver::StateOf(const RunEnd& end) {
  if (end.is_gone) return RunState::kCancelled;
  if (end.kind == RunKind::kJob) return EndOf(end.state);
  const auto batch = ports_.batches.GetBatch(end.target.project, end.target.id);
  if (absl::IsNotFound(batch.status())) return RunState::kCancelled;
  DQ_RETURN_IF_ERROR(batch.status());
  return EndOf(RollUp(*batch));
}

void ScheduleDriver::Count(const Work& work, const std::vector<ScheduleRun>& changed) {
  for (const ScheduleRun& run : changed) {
    // What is skipped is counted as such in the record, with times that became no run.
    if (!HasEnded(run.state) || run.state == RunState::kSkipped) continue;
    ports_.metrics.ScheduleTimes(OutcomeOf(run.state), 1);
  }
  const ScheduleRecord& now = work.view.record;
  const ScheduleRecord& before = work.recorded.record;
  if (now.skipped > before.skipped) {
    ports_.metrics.ScheduleTimes("skipped", now.skipped - before.skipped);
  }
  if (now.missed > before.missed) {
    ports_.metrics.ScheduleTimes("missed", now.missed - before.missed);
  }
}

absl::Status ScheduleDriver::Record(Work& work) {
  std::vector<ScheduleRun> changed;
  for (const ScheduleRun& run : work.view.open) {
    const std::vector<ScheduleRun>& recorded = work.recorded.open;
    if (std::ranges::find(recorded, run) == recorded.end()) changed.push_back(run);
  }
  DQ_RETURN_IF_ERROR(ports_.schedules.UpdateSchedule(work.view.record, changed));
  ++work.view.record.version;
  Count(work, changed);
  work.recorded = work.view;
  for (const ScheduleRun& run : changed) {
    Log(LogLevel::kInfo, "schedule run",
        {{"schedule", work.view.record.id},
         {"number", run.number},
         {"state", static_cast<int>(run.state)},
         {"target", run.target}});
  }
  return absl::OkStatus();
}

void ScheduleDriver::Cancel(const ScheduleRecord& schedule, const ScheduleRun& run) {
  if (run.kind == RunKind::kBatch) return CancelBatch(schedule, run.target);
  // Whether it was cancelled, or had ended, shows by its end.
  Answers<absl::StatusOr<JobView>> answers(1, abandonment_);
  ports_.scheduler.Cancel({schedule.project, run.target}, CancelReason(schedule), kActor,
                          answers.Take(0));
  (void)answers.Wait();
}

void ScheduleDriver::CancelBatch(const ScheduleRecord& schedule, const std::string& id) {
  const auto batch = ports_.batches.GetBatch(schedule.project, id);
  if (!batch.ok()) return;
  absl::StatusOr<BatchRecord> wished = WishCancel(*batch, ports_.clock.Now());
  if (!wished.ok() || *wished == batch->record) return;
  wished->actor = kActor;
  wished->reason = CancelReason(schedule);
  if (ports_.batches.UpdateBatch(*wished, {}).ok()) ports_.wake_batch(wished->key);
}

absl::Status ScheduleDriver::Begin(const ScheduleRecord& schedule, ScheduleRun& run) {
  if (run.kind != schedule.kind) {
    // The template has become one of the other kind since, which must not be made beside what may
    // be there: if nothing is, that is the run's end.
    run.state = RunState::kRunning;
    run.start_time = ports_.clock.Now();
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> made = Make(schedule, run, RunTarget(schedule, run));
  if (ReasonOf(made.status()) == "ID_TAKEN") {
    made = Make(schedule, run, RunTargetApart(schedule, run));
  }
  if (IsForNow(made.status())) return made.status();
  run.start_time = ports_.clock.Now();
  if (made.ok()) {
    run.state = RunState::kRunning;
    run.target = *made;
    return absl::OkStatus();
  }
  EndRun(run, RunState::kFailed, run.start_time);
  run.target.clear();
  run.error_reason = ReasonOf(made.status());
  run.error_message = MessageOf(made.status());
  Log(LogLevel::kWarning, "schedule run refused",
      {{"schedule", schedule.id},
       {"number", run.number},
       {"reason", run.error_reason},
       {"message", run.error_message}});
  return absl::OkStatus();
}

absl::StatusOr<std::string> ScheduleDriver::Make(const ScheduleRecord& schedule,
                                                 const ScheduleRun& run, const std::string& id) {
  DQ_ASSIGN_OR_RETURN(auto made, maker_(schedule, run, id));
  const std::string request_id = schedule.uid + "-" + std::to_string(run.number);
  if (JobRecord* const job = std::get_if<JobRecord>(&made)) {
    // The same run, whatever has become of the template since.
    job->request_hash = job->request_id = request_id;
    return MakeJob(std::move(*job));
  }
  BatchToMake& batch = std::get<BatchToMake>(made);
  batch.record.request_hash = batch.record.request_id = request_id;
  DQ_ASSIGN_OR_RETURN(const Created<BatchRecord> created,
                      ports_.batches.CreateBatch(batch.record, batch.requests));
  ports_.wake_batch(created.record.key);
  return created.record.id;
}

absl::StatusOr<std::string> ScheduleDriver::MakeJob(JobRecord job) {
  Answers<absl::StatusOr<SubmitResult>> answers(1, abandonment_);
  ports_.scheduler.Submit(std::move(job), answers.Take(0));
  const auto answered = answers.Wait();
  if (!answered) return absl::UnavailableError("abandoned");
  DQ_RETURN_IF_ERROR(answered->front().status());
  return answered->front()->job.record.name.id;
}

}  // namespace dq
