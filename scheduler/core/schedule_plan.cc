#include "scheduler/core/schedule_plan.h"

#include <algorithm>
#include <utility>

namespace dq {
namespace {

// Returns the times in (after, now].
std::vector<absl::Time> TimesBetween(const Timetable& timetable, absl::Time after, absl::Time now) {
  std::vector<absl::Time> times;
  for (absl::Time time = timetable.NextAfter(after); time <= now;
       time = timetable.NextAfter(time)) {
    times.push_back(time);
  }
  return times;
}

// Counts times before `end` as missed and moves decided_until behind them. Returns whether it came
// to the end.
bool CountMissed(ScheduleRecord& record, const Timetable& timetable, absl::Time end) {
  for (int i = 0; i < kMissedCountedMax; ++i) {
    const absl::Time time = timetable.NextAfter(record.decided_until);
    if (time >= end) return true;
    record.decided_until = time;
    ++record.missed;
  }
  return false;
}

void AddRun(ScheduleView& view, absl::Time fire_time) {
  const auto is_waiting = [](const ScheduleRun& run) { return run.state == RunState::kWaiting; };
  if (std::ranges::count_if(view.open, is_waiting) >= kRunsWaitingMax) {
    ++view.record.skipped;
    return;
  }
  ScheduleRun run;
  run.number = ++view.record.runs;
  run.fire_time = fire_time;
  run.kind = view.record.kind;
  view.open.push_back(std::move(run));
}

std::string TimeSuffix(const ScheduleRun& run) {
  const char* const format = run.is_triggered ? "-%Y%m%dt%H%M%S" : "-%Y%m%dt%H%M";
  return absl::FormatTime(format, run.fire_time, absl::UTCTimeZone());
}

}  // namespace

ScheduleView DecideDue(ScheduleView view, const Timetable& timetable, absl::Time now) {
  ScheduleRecord& record = view.record;
  if (record.paused || now <= record.decided_until) return view;
  if (!CountMissed(record, timetable, now - record.catch_up_window)) return view;
  const std::vector<absl::Time> times = TimesBetween(timetable, record.decided_until, now);
  const size_t first =
      record.overlap == OverlapPolicy::kQueue || times.empty() ? 0 : times.size() - 1;
  record.skipped += static_cast<int64_t>(first);
  for (size_t i = first; i < times.size(); ++i) AddRun(view, times[i]);
  record.decided_until = now;
  return view;
}

RunPlan PlanRuns(OverlapPolicy overlap, const std::vector<ScheduleRun>& open) {
  RunPlan plan;
  std::vector<size_t> waiting;
  std::vector<size_t> running;
  for (size_t i = 0; i < open.size(); ++i) {
    if (open[i].state == RunState::kWaiting) waiting.push_back(i);
    if (open[i].state == RunState::kRunning) running.push_back(i);
  }
  if (waiting.empty()) return plan;
  // One whose making is recorded may be a job already: whatever came after it waits.
  const auto begun =
      std::ranges::find_if(waiting, [&open](size_t i) { return !open[i].target.empty(); });
  const bool takes_newest = overlap == OverlapPolicy::kCancelRunning;
  const size_t by_turn = takes_newest ? waiting.back() : waiting.front();
  const size_t next = begun == waiting.end() ? by_turn : *begun;
  if (running.empty()) plan.start = next;
  for (const size_t i : waiting) {
    const bool is_kept = plan.start == i || overlap == OverlapPolicy::kQueue ||
                         (takes_newest && i == waiting.back());
    if (!is_kept) plan.skip.push_back(i);
  }
  if (takes_newest) plan.cancel = running;
  return plan;
}

absl::Time NextLook(const ScheduleRecord& record, const Timetable& timetable) {
  return record.paused ? absl::InfiniteFuture() : timetable.NextAfter(record.decided_until);
}

std::vector<absl::Time> NextFirings(const Timetable& timetable, absl::Time after, int count) {
  std::vector<absl::Time> times;
  for (absl::Time time = timetable.NextAfter(after);
       std::ssize(times) < count && time != absl::InfiniteFuture();
       time = timetable.NextAfter(time)) {
    times.push_back(time);
  }
  return times;
}

std::string RunTarget(const ScheduleRecord& schedule, const ScheduleRun& run) {
  return schedule.id + TimeSuffix(run);
}

std::string RunTargetApart(const ScheduleRecord& schedule, const ScheduleRun& run) {
  return schedule.id + "-" + schedule.uid.substr(0, 8) + "-" + std::to_string(run.number);
}

}  // namespace dq
