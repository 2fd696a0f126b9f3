// What a schedule does next: which times have come, and which runs begin, wait, are skipped or
// cancelled. The same record and time always give the same answer; who carries it out records the
// decision before, so that whoever takes over decides nothing a second time. Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/cron.h"
#include "scheduler/core/schedule.h"

namespace dq {

inline constexpr absl::Duration kCatchUpDefault = absl::Hours(1);
inline constexpr absl::Duration kCatchUpMin = absl::Minutes(1);
inline constexpr absl::Duration kCatchUpMax = absl::Hours(7 * 24);
// Runs of one schedule that wait; further times are skipped, further triggers refused.
inline constexpr int kRunsWaitingMax = 100;
// Missed times that are counted at once.
inline constexpr int kMissedCountedMax = 10'000;

// A schedule with the runs that have not ended, in their order.
struct ScheduleView {
  ScheduleRecord record;
  std::vector<ScheduleRun> open;
};

// Decides about the times up to `now`: the view afterwards, its new runs behind the others. Within
// the catch-up window each time becomes a run with kQueue, the newest alone otherwise; the rest
// counts as skipped. Times before the window count as missed; after kMissedCountedMax of them it is
// to be asked again at once. A paused schedule decides nothing. Never goes back: times up to
// decided_until are not decided about again, whatever the clock says.
ScheduleView DecideDue(ScheduleView view, const Timetable& timetable, absl::Time now);

// What is to happen to the open runs, as indices of ScheduleView::open. A waiting run with a target
// is about to be made, and may have been: it begins before any other, whatever the policy.
struct RunPlan {
  std::vector<size_t> skip;    // Waiting ones that never begin.
  std::vector<size_t> cancel;  // Running ones.
  std::optional<size_t> start;
  friend bool operator==(const RunPlan&, const RunPlan&) = default;
};
RunPlan PlanRuns(OverlapPolicy overlap, const std::vector<ScheduleRun>& open);

// Returns when there is something to do for a schedule of which all is decided up to
// decided_until; InfiniteFuture while it is paused.
absl::Time NextLook(const ScheduleRecord& record, const Timetable& timetable);

// Returns the next `count` times after `after` at which it fires.
std::vector<absl::Time> NextFirings(const Timetable& timetable, absl::Time after, int count);

// Returns the id of the job or batch that a run becomes, for example "nightly-20261122t0230": when
// its time was in UTC, to the second for a trigger. At most kRunSuffixBytesMax longer than the
// schedule's id.
inline constexpr size_t kRunSuffixBytesMax = 20;
std::string RunTarget(const ScheduleRecord& schedule, const ScheduleRun& run);
// Returns the id it gets when somebody else's has that one: no other run's, ever.
std::string RunTargetApart(const ScheduleRecord& schedule, const ScheduleRun& run);

}  // namespace dq
