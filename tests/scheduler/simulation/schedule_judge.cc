#include "tests/scheduler/simulation/schedule_judge.h"

#include <algorithm>

namespace dq::sim {
namespace {

constexpr absl::Duration kMinute = absl::Minutes(1);
constexpr int kAllRuns = 1'000'000;

// Returns the whole minutes in (after, until].
int64_t MinutesBetween(absl::Time after, absl::Time until) {
  return absl::ToUnixSeconds(until) / 60 - absl::ToUnixSeconds(after) / 60;
}

bool WasReopened(const SeenJob& job) {
  return std::ranges::count(job.events, JobEvent::kReopen, &JobEventRecord::event) > 0;
}

// What a run is whose job has ended so.
RunState EndOf(JobState state) {
  if (state == JobState::kCompleted) return RunState::kCompleted;
  if (state == JobState::kFailed) return RunState::kFailed;
  return state == JobState::kSkipped ? RunState::kSkipped : RunState::kCancelled;
}

}  // namespace

void ScheduleJudge::Expect(bool holds, const Seen& schedule, int64_t number,
                           const char* invariant) {
  if (holds) return;
  findings_.push_back("run " + std::to_string(number) + " of " + schedule.record.id + ": " +
                      invariant);
}

void ScheduleJudge::Changed(ScheduleKey key) {
  Seen& seen = seen_.at(key);
  Seen now = seen;
  now.record = store_.GetScheduleByKey(key)->record;
  const auto runs = store_.ListRuns(key, kAllRuns);
  for (const ScheduleRun& run : *runs) now.runs[run.number] = run;
  CheckTimes(seen, now);
  for (const auto& [number, run] : now.runs) {
    const auto before = seen.runs.find(number);
    CheckRun(now, run, before == seen.runs.end() ? nullptr : &before->second);
  }
  const auto running = std::ranges::count_if(
      now.runs, [](const auto& entry) { return entry.second.state == RunState::kRunning; });
  Expect(running <= 1, now, now.record.runs, "I23 two runs go on at once");
  seen = std::move(now);
}

// Each minute is one run, or counted as skipped or missed.
void ScheduleJudge::CheckTimes(const Seen& before, const Seen& now) {
  const int64_t last = now.record.runs;
  Expect(std::ssize(now.runs) == last, now, last, "I23 runs are not numbered one by one");
  const absl::Time decided = now.record.decided_until;
  Expect(decided >= before.record.decided_until, now, last,
         "I23 what is decided about was forgotten");
  int64_t fired = 0;
  int64_t dropped = 0;  // Runs that never begin: they count as skipped as well.
  absl::Time latest = before.record.decided_until;
  for (const auto& [number, run] : now.runs) {
    const auto known = before.runs.find(number);
    const bool is_new = known == before.runs.end();
    const bool waited = is_new || known->second.state == RunState::kWaiting;
    dropped += waited && run.state == RunState::kSkipped ? 1 : 0;
    if (!is_new || run.is_triggered) continue;
    ++fired;
    const bool is_later = run.fire_time > latest && run.fire_time <= decided &&
                          absl::ToUnixSeconds(run.fire_time) % 60 == 0;
    Expect(is_later, now, number, "I23 a time came twice, or was none");
    latest = run.fire_time;
  }
  const int64_t skipped = now.record.skipped - before.record.skipped - dropped;
  const int64_t missed = now.record.missed - before.record.missed;
  const absl::Time past = std::max(before.record.decided_until,
                                   decided - now.record.catch_up_window - absl::Nanoseconds(1));
  Expect(missed <= MinutesBetween(before.record.decided_until, past), now, last,
         "I23 a time within its window was missed");
  Expect(skipped == 0 || now.record.overlap != OverlapPolicy::kQueue, now, last,
         "I23 a time was skipped that was to wait");
  Expect(fired > 0 || skipped == 0, now, last, "I23 all times were skipped");
  Expect(fired + skipped + missed == MinutesBetween(before.record.decided_until, decided), now,
         last, "I23 a time was left out");
}

void ScheduleJudge::CheckRun(const Seen& now, const ScheduleRun& run, const ScheduleRun* before) {
  const RunState was = before == nullptr ? RunState::kWaiting : before->state;
  if (run.state == was) return;
  Expect(!HasEnded(was) && run.state != RunState::kWaiting, now, run.number,
         "I23 a run that had ended or begun is something else");
  const auto job = now.jobs.find(run.number);
  if (was == RunState::kWaiting && HasEnded(run.state)) {
    Expect(run.state == RunState::kSkipped, now, run.number, "I23 a run was refused");
    Expect(job == now.jobs.end(), now, run.number, "I23 a run is skipped that has a job");
    return;
  }
  const bool has_job = job != now.jobs.end() && job->second == run.target;
  Expect(has_job, now, run.number, "I23 a run goes on without a job of its own");
  if (has_job && HasEnded(run.state)) CheckEnd(now, run);
}

void ScheduleJudge::CheckEnd(const Seen& now, const ScheduleRun& run) {
  const SeenJob* const job = history_.Find(run.target);
  if (job == nullptr || WasReopened(*job)) return;
  const JobState state = job->row.status.state;
  Expect(IsTerminal(state) && EndOf(state) == run.state, now, run.number,
         "I23 a run ended otherwise than its job");
}

void ScheduleJudge::Heard(const SeenJob& job, const JobEventRecord& event) {
  if (event.event != JobEvent::kCreate) return;
  for (auto& [key, schedule] : seen_) {
    const std::string prefix = schedule.record.uid + "-";
    if (!job.row.request_id.starts_with(prefix)) continue;
    const int64_t number = std::stoll(job.row.request_id.substr(prefix.size()));
    const auto run = schedule.runs.find(number);
    const bool waits = run != schedule.runs.end() && run->second.state == RunState::kWaiting;
    Expect(waits, schedule, number, "I23 a job was made of no run that was to begin");
    CheckAlone(schedule, job.row.name.id);
    Expect(schedule.jobs.try_emplace(number, job.row.name.id).second, schedule, number,
           "I23 a run made two jobs");
  }
}

void ScheduleJudge::CheckAlone(const Seen& schedule, const std::string& made) {
  for (const auto& [number, name] : schedule.jobs) {
    const SeenJob* const other = history_.Find(name);
    const bool goes_on = other != nullptr && !IsTerminal(other->row.status.state);
    Expect(!goes_on || WasReopened(*other) || name == made, schedule, number,
           "I23 another run's job was made while this one's went on");
  }
}

bool ScheduleJudge::IsDone() const {
  return std::ranges::all_of(seen_, [](const auto& entry) {
    return std::ranges::all_of(entry.second.runs,
                               [](const auto& run) { return HasEnded(run.second.state); });
  });
}

void ScheduleJudge::CheckRest() {
  for (const auto& [key, schedule] : seen_) {
    for (const auto& [number, run] : schedule.runs) {
      Expect(HasEnded(run.state), schedule, number, "I23 a run has not ended");
      const bool has_job = schedule.jobs.contains(number);
      Expect(has_job == !run.target.empty(), schedule, number,
             "I23 a run has not exactly the job that it names");
    }
  }
}

}  // namespace dq::sim
