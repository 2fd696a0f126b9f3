// Jobs of which only the place is known: their records are read when their turn comes near or when
// somebody asks something of them. While a record is absent nothing can change in it, so that what
// is read is what holds; and a record is taken in only while it is absent, so that it never comes
// twice, nor back.
#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "scheduler/engine/cell.h"

namespace dq {
namespace {

// Records read at a time: a few milliseconds, far more than start meanwhile.
constexpr size_t kLoadJobsMax = 1000;

constexpr absl::Duration kLoadAgainAfter = absl::Milliseconds(100);

}  // namespace

std::unique_ptr<LiveJob> Cell::Unload(LiveJob& job) {
  ready_.MakeAbsent(AsReady(job));
  return jobs_.Take(job.record.key);
}

ReadyJob Cell::PlaceOf(const JobRecord& record) {
  return {record.key, record.rules.priority, demands_.Intern(record.rules.stages),
          groups_.PlaceOf(record.name.project, record.rules)};
}

std::optional<RecordsRequest> Cell::RecordsToLoad(const Instant& now) {
  if (!IsLeading() || degraded_ || loading_ || now.boot < load_due_) return std::nullopt;
  if (load_again_.empty() && named_.empty() && !ready_.WantsRecords()) return std::nullopt;
  RecordsRequest request;
  request.keys = std::exchange(load_again_, {});
  if (request.keys.size() < kLoadJobsMax) {
    std::ranges::copy(ready_.NextToLoad(kLoadJobsMax - request.keys.size()),
                      std::back_inserter(request.keys));
  }
  // Who asks for a name from here on is not answered with what this read finds: it may be older.
  while (!named_.empty() && request.names.size() < kLoadJobsMax) {
    request.names.push_back(named_.begin()->first);
    asked_.insert(named_.extract(named_.begin()));
  }
  if (request.keys.empty() && request.names.empty()) return std::nullopt;
  loading_ = request;
  return request;
}

absl::Status Cell::RecordsLoaded(const Instant& now,
                                 absl::StatusOr<std::vector<JobRecord>> records) {
  now_ = now;
  const RecordsRequest request = *std::exchange(loading_, std::nullopt);
  if (!records.ok()) {
    Log(LogLevel::kWarning, "records not read", {{"message", MessageOf(records.status())}});
    load_again_ = request.keys;
    load_due_ = now.boot + kLoadAgainAfter;
    FailNamed(DatabaseAway());
    return absl::OkStatus();
  }
  for (JobRecord& record : *records) {
    const JobState state = record.status.state;
    if (IsTerminal(state)) read_ended_.insert({record.name, {record.key, state}});
    Admit(std::move(record));
  }
  const auto is_missing = [this](JobKey key) { return jobs_.Find(key) == nullptr; };
  if (std::ranges::any_of(request.keys, is_missing)) {
    return MakeError(absl::StatusCode::kAborted, "FENCED",
                     "the database does not hold a job that waits to be run");
  }
  ReleaseAll(asked_, absl::OkStatus());
  read_ended_.clear();
  return absl::OkStatus();
}

void Cell::Admit(JobRecord record) {
  const bool waits = record.status.state == JobState::kQueued;
  if (!waits && record.status.state != JobState::kPaused) return;
  const ReadyJob ready = PlaceOf(record);
  const bool was_absent = waits ? ready_.MakePresent(ready) : parked_.erase(record.key) > 0;
  if (!was_absent) return;
  LiveJob& job = jobs_.Add(std::move(record), ready.demand, ready.place);
  job.queued_since = job.record.status.attempt == 0 ? job.record.create_time : now_.wall;
  job.in_state_since = now_.boot;
}

void Cell::WhenLoaded(const JobName& name, Release release) {
  named_[name].push_back(std::move(release));
}

void Cell::FailNamed(const absl::Status& why) {
  ReleaseAll(asked_, why);
  ReleaseAll(named_, why);
}

void Cell::ReleaseAll(std::map<JobName, std::vector<Release>>& names, const absl::Status& status) {
  for (const auto& [name, waiting] : std::exchange(names, {})) {
    for (const Release& release : waiting) release(status);
  }
}

}  // namespace dq
