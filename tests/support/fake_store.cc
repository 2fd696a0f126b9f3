// Leadership and commits.
#include "tests/support/fake_store.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/core/refused_change.h"

namespace dq {
namespace {

constexpr int kPageKeyBits = 8;  // What shares of a load consist of.

absl::Status Unavailable() {
  return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                   "The database does not answer.");
}

absl::Status NotLeader() {
  return MakeError(absl::StatusCode::kAborted, "NOT_LEADER", "Another scheduler leads.");
}

absl::Status Fenced(const std::string& job) {
  return MakeError(absl::StatusCode::kAborted, "FENCED", "A row holds another lease.",
                   {{"job", job}});
}

bool IsUnrecordable(const std::string& text) {
  return text.find(kUnrecordable) != std::string::npos;
}

absl::Status Refusal() {
  return MakeError(absl::StatusCode::kInvalidArgument, "ROW_REFUSED", "A value cannot be recorded.",
                   {{"sqlstate", "23514"}});
}

absl::Status ResultGone() {
  return MakeError(absl::StatusCode::kUnavailable, "EARLIER_RESULT_GONE", "It was deleted.");
}

}  // namespace

void FakeStore::FailNextCommits(std::vector<CommitFault> faults) {
  MutexLock lock(mutex_);
  faults_.assign(faults.begin(), faults.end());
}

void FakeStore::SetAvailable(bool available) {
  MutexLock lock(mutex_);
  available_ = available;
}

void FakeStore::HoldCommits() {
  MutexLock lock(mutex_);
  held_ = true;
}

void FakeStore::ReleaseCommits() {
  MutexLock lock(mutex_);
  held_ = false;
  released_.NotifyAll();
}

std::map<JobKey, JobRecord> FakeStore::Jobs() const {
  MutexLock lock(mutex_);
  return jobs_;
}

std::map<JobKey, std::vector<JobEventRecord>> FakeStore::Events() const {
  MutexLock lock(mutex_);
  return events_;
}

int64_t FakeStore::CommitCount() const {
  MutexLock lock(mutex_);
  return commits_;
}

JobRecord FakeStore::WithDependenciesLocked(JobRecord job) const {
  std::erase_if(job.dependencies, [&](const auto& d) { return !jobs_.contains(d.job); });
  for (JobDependency& dependency : job.dependencies) {
    dependency.state = jobs_.at(dependency.job).status.state;
  }
  std::ranges::sort(job.dependencies, {}, &JobDependency::job);
  return job;
}

// What a leader is given of a job.
JobRecord FakeStore::AsLoadedLocked(JobRecord job) const {
  job.file_ids.clear();
  job.reference_ids.clear();
  return WithDependenciesLocked(std::move(job));
}

absl::Status FakeStore::CheckAvailableLocked() const {
  return available_ ? absl::OkStatus() : Unavailable();
}

absl::Status FakeStore::CheckEpochLocked(int64_t epoch) const {
  const bool leads = epoch == lead_.epoch && !lead_.instance.empty();
  return leads ? absl::OkStatus() : NotLeader();
}

absl::StatusOr<Leadership> FakeStore::AcquireLeadership(const std::string& instance,
                                                        const std::string& address,
                                                        absl::Duration ttl) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const absl::Time now = clock_.Now();
  const bool taken = !lead_.instance.empty() && lead_.instance != instance && now < lead_.expiry;
  if (taken) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_LEADER",
                     "Another scheduler leads.",
                     {{"leader", lead_.instance},
                      {"address", lead_.address},
                      {"lives_us", std::to_string(absl::ToInt64Microseconds(lead_.expiry - now))}});
  }
  lead_ = {lead_.epoch + 1, instance, address, now + ttl};
  return Leadership{lead_.epoch};
}

absl::Status FakeStore::RenewLeadership(int64_t epoch, absl::Duration ttl) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  DQ_RETURN_IF_ERROR(CheckEpochLocked(epoch));
  lead_.expiry = clock_.Now() + ttl;
  return absl::OkStatus();
}

absl::Status FakeStore::ReleaseLeadership(int64_t epoch) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  if (epoch == lead_.epoch) lead_.instance.clear();
  ++releases_;
  released_.NotifyAll();
  return absl::OkStatus();
}

// Hears of what happens after it was made.
class FakeStore::Watch final : public ReleaseWatch {
 public:
  explicit Watch(FakeStore& store) : store_(store) {
    MutexLock lock(store_.mutex_);
    seen_ = store_.releases_;
  }

  void Await(absl::Duration wait) override {
    const absl::Time end = absl::Now() + wait;
    MutexLock lock(store_.mutex_);
    while (!stopped_ && seen_ == store_.releases_ && absl::Now() < end) {
      store_.released_.WaitFor(store_.mutex_, absl::ToChronoNanoseconds(end - absl::Now()));
    }
    seen_ = store_.releases_;
  }
  void Stop() override {
    MutexLock lock(store_.mutex_);
    stopped_ = true;
    store_.released_.NotifyAll();
  }

 private:
  FakeStore& store_;
  int64_t seen_ = 0;
  bool stopped_ = false;  // Both under the store's lock.
};

std::unique_ptr<ReleaseWatch> FakeStore::WatchReleases() { return std::make_unique<Watch>(*this); }

absl::StatusOr<BatchResult> FakeStore::Commit(const WriteBatch& batch) {
  MutexLock lock(mutex_);
  while (held_) released_.Wait(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::optional<CommitFault> fault;
  if (!faults_.empty()) {
    fault = faults_.front();
    faults_.pop_front();
  }
  if (fault == CommitFault::kNotWritten) return Unavailable();
  if (fault == CommitFault::kFenced) return Fenced("");
  DQ_RETURN_IF_ERROR(CheckEpochLocked(batch.epoch));
  if (!results_.contains({batch.epoch, batch.sequence})) {
    if (batch.after != 0 && !results_.contains({batch.epoch, batch.after})) {
      return MakeError(absl::StatusCode::kUnavailable, "BATCH_OUT_OF_ORDER",
                       "The batch before is not written.");
    }
    DQ_RETURN_IF_ERROR(CheckFencesLocked(batch));
    DQ_RETURN_IF_ERROR(CheckHeardLocked(batch));
    results_[{batch.epoch, batch.sequence}] = ApplyLocked(batch);
    ++commits_;
  }
  if (fault == CommitFault::kWrittenButNotTold) return Unavailable();
  return results_.at({batch.epoch, batch.sequence});
}

absl::Status FakeStore::CheckFencesLocked(const WriteBatch& batch) const {
  for (const CheckpointSave& save : batch.checkpoints) {
    const auto row = jobs_.find(save.key);
    const bool holds = row != jobs_.end() && row->second.status.attempt == save.attempt &&
                       row->second.status.lease_token == save.token;
    if (!holds) return Fenced("");
  }
  for (const JobUpdate& update : batch.updates) {
    const auto row = jobs_.find(update.key);
    const bool holds = row != jobs_.end() &&
                       row->second.status.attempt == update.expected_attempt &&
                       row->second.status.lease_token == update.expected_token;
    if (!holds) return Fenced(update.name.id);
  }
  return absl::OkStatus();
}

absl::Status FakeStore::CheckHeardLocked(const WriteBatch& batch) const {
  for (int64_t earlier = batch.heard + 1; earlier < batch.sequence; ++earlier) {
    const auto result = results_.find({batch.epoch, earlier});
    if (result == results_.end()) continue;
    for (const RefusedJob& refused : result->second.refused) {
      const auto is_it = [&](const auto& row) { return row.key == refused.key; };
      const bool rests_on_it = std::ranges::any_of(batch.updates, is_it) ||
                               std::ranges::any_of(batch.checkpoints, is_it);
      if (rests_on_it) return Fenced(refused.recorded.name.id);
    }
  }
  return absl::OkStatus();
}

bool FakeStore::RefusesLocked(const JobUpdate& update) const {
  const auto is_unrecordable = [](const JobEventRecord& event) {
    return IsUnrecordable(event.message);
  };
  const auto& metadata = update.status.error.metadata;
  if (std::ranges::any_of(update.events, is_unrecordable)) return true;
  if (std::ranges::any_of(metadata, [](const auto& e) { return IsUnrecordable(e.second); }))
    return true;
  if (!update.result) return false;
  std::set<std::string> ids;
  for (const JobOutput& output : update.result->outputs) {
    const bool is_new = ids.insert(output.file_id).second &&
                        !files_.rows.contains({update.name.project, output.file_id});
    if (!is_new) return true;
  }
  return IsUnrecordable(update.result->report_json);
}

std::set<JobKey> FakeStore::RefusedLocked(const WriteBatch& batch) const {
  std::set<JobKey> refused;
  for (const CheckpointSave& save : batch.checkpoints) {
    if (IsUnrecordable(save.checkpoint->stage)) refused.insert(save.key);
  }
  for (const JobUpdate& update : batch.updates) {
    if (RefusesLocked(update)) refused.insert(update.key);
  }
  return refused;
}

BatchResult FakeStore::ApplyLocked(const WriteBatch& batch) {
  BatchResult result;
  for (const JobInsert& insert : batch.inserts) {
    result.inserts.push_back(InsertLocked(insert));
    const bool is_new = result.inserts.back().outcome == InsertOutcome::kInserted;
    if (is_new) AnnounceEndsLocked(batch, insert.record.name, insert.record.key, insert.events);
  }
  const std::set<JobKey> refused = RefusedLocked(batch);
  for (const CheckpointSave& save : batch.checkpoints) {
    if (!refused.contains(save.key)) jobs_.at(save.key).checkpoint = save.checkpoint;
  }
  for (const JobUpdate& update : batch.updates) {
    if (!refused.contains(update.key)) UpdateLocked(update, batch);
  }
  for (const JobKey key : batch.dropped_checkpoints) {
    if (!refused.contains(key)) jobs_.at(key).checkpoint = nullptr;
  }
  for (const JobKey key : refused) {
    EndRefusedLocked(batch, key);
    result.refused.push_back({key, Refusal(), AsLoadedLocked(jobs_.at(key))});
  }
  return result;
}

void FakeStore::EndRefusedLocked(const WriteBatch& batch, JobKey key) {
  const auto update = std::ranges::find(batch.updates, key, &JobUpdate::key);
  if (update == batch.updates.end()) return;
  const std::optional<JobUpdate> end = RefusedEnd(*update, Refusal());
  if (!end || RefusesLocked(*end)) return;
  UpdateLocked(*end, batch);
  const bool drops = std::ranges::count(batch.dropped_checkpoints, key) > 0;
  if (drops && end->status.state != JobState::kFailed) jobs_.at(key).checkpoint = nullptr;
}

bool FakeStore::LacksResultFileLocked(const JobRecord& record) const {
  return record.has_earlier_result &&
         std::ranges::any_of(record.result->outputs, [&](const JobOutput& output) {
           return !files_.rows.contains({record.name.project, output.file_id});
         });
}

InsertResult FakeStore::InsertLocked(const JobInsert& insert) {
  const JobRecord& record = insert.record;
  const Name request = {record.name.project, record.request_id};
  const auto earlier =
      record.request_id.empty() ? key_of_request_.end() : key_of_request_.find(request);
  if (earlier != key_of_request_.end()) {
    const JobRecord& existing = jobs_.at(earlier->second);
    if (existing.request_hash != record.request_hash) return {InsertOutcome::kRequestIdReused, {}};
    return {InsertOutcome::kExisted, WithDependenciesLocked(existing)};
  }
  if (key_of_name_.contains(record.name)) return {InsertOutcome::kIdTaken, {}};
  if (IsUnrecordable(record.display_name)) return {InsertOutcome::kRefused, {}, Refusal()};
  if (LacksResultFileLocked(record)) return {InsertOutcome::kRefused, {}, ResultGone()};
  if (!record.request_id.empty()) key_of_request_[request] = record.key;
  key_of_name_[record.name] = record.key;
  jobs_[record.key] = record;
  jobs_[record.key].is_held = false;
  jobs_[record.key].has_earlier_result = false;
  events_[record.key] = insert.events;
  return {};
}

void FakeStore::UpdateLocked(const JobUpdate& update, const WriteBatch& batch) {
  JobRecord& row = jobs_.at(update.key);
  row.status = update.status;
  std::vector<JobEventRecord>& events = events_[update.key];
  events.insert(events.end(), update.events.begin(), update.events.end());
  AnnounceEndsLocked(batch, update.name, update.key, update.events);
  if (!update.result) return;
  row.result = update.result;
  PublishOutputsLocked(update, batch.now);
}

void FakeStore::PublishOutputsLocked(const JobUpdate& update, absl::Time now) {
  for (const JobOutput& output : update.result->outputs) {
    FileRecord file;
    file.project = update.name.project;
    file.id = output.file_id;
    file.display_name = output.display_name;
    file.uri = output.uri;
    file.size_bytes = output.size_bytes;
    file.sha256 = output.sha256;
    file.produced_by = update.name.id;
    file.created_by = update.created_by;
    file.create_time = now;
    files_.rows[{file.project, file.id}] = {file, next_age_++};
    producers_[{file.project, file.id}] = update.key;
  }
}

absl::StatusOr<LiveJobs> FakeStore::LoadLiveJobs(JobKey after, int limit, LoadShare share) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  LiveJobs live;
  int left = limit;
  for (auto row = jobs_.upper_bound(after); row != jobs_.end() && left > 0; ++row) {
    const JobState state = row->second.status.state;
    if (IsTerminal(state)) continue;
    if ((row->first >> kPageKeyBits) % share.of != share.index) continue;
    --left;
    live.last = row->first;
    if (IsTimeless(row->second)) {
      const JobRules& rules = row->second.rules;
      WaitingJobs& waiting = live.waiting.emplace_back();
      waiting.state = state;
      waiting.project = row->second.name.project;
      waiting.rules.queue = rules.queue;
      waiting.rules.priority = rules.priority;
      waiting.rules.stages = rules.stages;
      waiting.rules.concurrency_key = rules.concurrency_key;
      waiting.rules.concurrency_max = rules.concurrency_max;
      waiting.keys = {row->first};
    } else {
      live.jobs.push_back(AsLoadedLocked(row->second));
    }
  }
  return live;
}

absl::StatusOr<std::vector<JobRecord>> FakeStore::LoadJobs(const std::vector<JobKey>& keys,
                                                           const std::vector<JobName>& names) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<JobRecord> jobs;
  for (const JobKey key : keys) {
    if (const auto row = jobs_.find(key); row != jobs_.end())
      jobs.push_back(AsLoadedLocked(row->second));
  }
  for (const JobName& name : names) {
    const auto key = key_of_name_.find(name);
    if (key != key_of_name_.end()) jobs.push_back(AsLoadedLocked(jobs_.at(key->second)));
  }
  return jobs;
}

absl::StatusOr<std::vector<GroupLimit>> FakeStore::LoadLimits() {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<GroupLimit> limits;
  for (const auto& [name, limit] : limits_) limits.push_back(limit);
  return limits;
}

absl::Status FakeStore::SaveLimit(const GroupLimit& limit, int64_t epoch) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  DQ_RETURN_IF_ERROR(CheckEpochLocked(epoch));
  limits_[{limit.kind, limit.name}] = limit;
  return absl::OkStatus();
}

absl::StatusOr<std::map<JobState, int64_t>> FakeStore::LoadStateCounts() {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::map<JobState, int64_t> counts;
  for (const auto& [key, record] : jobs_) ++counts[record.status.state];
  return counts;
}

}  // namespace dq
