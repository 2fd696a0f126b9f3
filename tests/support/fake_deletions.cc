// Deletions, what they leave to be cleared from storage, and what has ended long ago.
#include <algorithm>
#include <iterator>

#include "common/base/status_macros.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

bool MayHaveLeftFiles(const JobRecord& job) {
  const bool has_outputs = job.result && !job.result->manifest_uri.empty();
  const JobStatus& status = job.status;
  return has_outputs || status.attempt > 1 ||
         (status.attempt == 1 && status.state != JobState::kCompleted);
}

}  // namespace

const FakeStore::Deletion* FakeStore::FindDeletion(const std::map<Name, std::vector<Deletion>>& of,
                                                   const Name& name) {
  const auto found = of.find(name);
  return found == of.end() ? nullptr : &found->second.back();
}

JobDeletion FakeStore::JudgeAbsent(const std::map<Name, std::vector<Deletion>>& of,
                                   const Name& name, const OperatorWord& word) {
  const Deletion* const gone = FindDeletion(of, name);
  if (gone == nullptr) return {DeletionOutcome::kUnknown, {}};
  const bool is_now = gone->word.time == word.time && gone->word.actor == word.actor;
  if (!is_now) return {DeletionOutcome::kGone, {}};
  return {DeletionOutcome::kDeleted, gone->state};
}

DeletionOutcome FakeStore::JudgeLocked(const JobRecord& job, int64_t version,
                                       bool as_operation) const {
  if (version != 0 && version != job.status.version) return DeletionOutcome::kChanged;
  if (!IsTerminal(job.status.state)) return DeletionOutcome::kNotEnded;
  if (job.batch.key != 0 && !as_operation) return DeletionOutcome::kOperation;
  const bool is_needed = std::ranges::any_of(jobs_, [&](const auto& row) {
    const auto& dependencies = row.second.dependencies;
    return !IsTerminal(row.second.status.state) &&
           std::ranges::count(dependencies, job.key, &JobDependency::job) > 0;
  });
  return is_needed ? DeletionOutcome::kNeeded : DeletionOutcome::kDeleted;
}

std::vector<std::string> FakeStore::RemoveJobLocked(JobKey key, const OperatorWord& word) {
  const JobRecord job = jobs_.at(key);
  const std::string& project = job.name.project;
  std::vector<std::string> kept;
  for (const JobOutput& output : job.result ? job.result->outputs : std::vector<JobOutput>()) {
    const auto file = files_.rows.find({project, output.file_id});
    if (file == files_.rows.end()) continue;
    const auto producer = producers_.find({project, output.file_id});
    const bool is_own = producer != producers_.end() && producer->second == key;
    const bool stays =
        IsReferencedLocked(project, output.file_id) ||
        LiveJobNeedsLocked(project, &JobRecord::file_ids, output.file_id) ||
        IsSharedLocked({project, output.file_id}, key) ||
        (producer != producers_.end() && !is_own && jobs_.contains(producer->second));
    if (!stays) {
      if (!is_own) OweFileLocked(project, file->second.record.uri);
      EraseFileLocked({project, output.file_id});
    } else if (files_.rows.contains({project, output.file_id})) {
      kept.push_back(output.file_id);
      if (is_own) producer->second = 0;
    }
  }
  if (MayHaveLeftFiles(job)) {
    Debt& debt = debts_[next_debt_];
    debt.debt = {.key = next_debt_++,
                 .uri = "",
                 .job = job.name,
                 .manifest_uri = job.result ? job.result->manifest_uri : "",
                 .kept_uris = {}};
    debt.kept_ids = kept;
  }
  JobEventRecord event;
  event.sequence = job.status.version + 1;
  event.time = word.time;
  event.event = JobEvent::kDelete;
  event.from = event.to = job.status.state;
  event.attempt = job.status.attempt;
  event.actor = word.actor;
  event.message = word.reason;
  events_[key].push_back(event);
  deleted_jobs_[{project, job.name.id}].push_back({key, job.status.state, word});
  key_of_name_.erase(job.name);
  key_of_request_.erase({project, job.request_id});
  jobs_.erase(key);
  for (auto& [other, row] : jobs_) {
    std::erase_if(row.dependencies, [&](const JobDependency& d) { return d.job == key; });
  }
  return kept;
}

void FakeStore::RemoveInputsLocked(const std::string& project,
                                   const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    const auto file = files_.rows.find({project, id});
    if (file == files_.rows.end() || !file->second.record.produced_by.empty()) continue;
    const bool is_needed = std::ranges::any_of(jobs_, [&](const auto& row) {
      return row.second.name.project == project && std::ranges::count(row.second.file_ids, id) > 0;
    });
    if (is_needed || IsReferencedLocked(project, id)) continue;
    const std::string uri = file->second.record.uri;
    EraseFileLocked({project, id});
    if (!uri.starts_with("file:///projects/")) continue;
    OweFileLocked(project, uri);
  }
}

void FakeStore::OweFileLocked(const std::string& project, const std::string& uri) {
  debts_[next_debt_].debt = {
      .key = next_debt_, .uri = uri, .job = {project, ""}, .manifest_uri = "", .kept_uris = {}};
  ++next_debt_;
}

absl::StatusOr<JobDeletions> FakeStore::DeleteJobs(const std::vector<JobToDelete>& jobs,
                                                   const DeletionOrder& order) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  DQ_RETURN_IF_ERROR(CheckEpochLocked(order.epoch));
  JobDeletions deletions;
  std::vector<JobRecord> going;
  for (const auto& [name, version] : jobs) {
    const auto key = key_of_name_.find(name);
    if (key == key_of_name_.end() || key->second >= order.keys_below) {
      deletions.outcomes.push_back(JudgeAbsent(deleted_jobs_, {name.project, name.id}, order.word));
      continue;
    }
    const JobRecord& job = jobs_.at(key->second);
    const DeletionOutcome outcome = JudgeLocked(job, version, /*as_operation=*/false);
    deletions.outcomes.push_back({outcome, job.status.state});
    if (outcome == DeletionOutcome::kDeleted) going.push_back(job);
  }
  for (const JobRecord& job : going) {
    std::ranges::move(RemoveJobLocked(job.key, order.word),
                      std::back_inserter(deletions.kept_files));
  }
  for (const JobRecord& job : going) {
    if (order.with_input) RemoveInputsLocked(job.name.project, job.file_ids);
  }
  return deletions;
}

absl::StatusOr<BatchDeletion> FakeStore::DeleteBatch(const std::string& project,
                                                     const std::string& id, int64_t version,
                                                     const DeletionOrder& order) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  DQ_RETURN_IF_ERROR(CheckEpochLocked(order.epoch));
  BatchDeletion deletion;
  const auto row = std::ranges::find_if(batches_, [&](const auto& batch) {
    return batch.second.record.project == project && batch.second.record.id == id;
  });
  if (row == batches_.end()) {
    deletion.outcome = JudgeAbsent(deleted_batches_, {project, id}, order.word).outcome;
    return deletion;
  }
  const BatchRecord batch = row->second.record;
  deletion.outcome = DeletionOutcome::kChanged;
  if (version != 0 && version != batch.version) return deletion;
  deletion.outcome = DeletionOutcome::kNotEnded;
  if (batch.end_time == absl::InfinitePast()) return deletion;
  std::vector<JobRecord> jobs;
  for (const auto& [key, job] : jobs_) {
    if (job.batch.key == batch.key) jobs.push_back(job);
  }
  for (const JobRecord& job : jobs) {
    deletion.outcome = JudgeLocked(job, 0, /*as_operation=*/true);
    deletion.job = job.name;
    if (deletion.outcome != DeletionOutcome::kDeleted) return deletion;
  }
  deletion = {.outcome = DeletionOutcome::kDeleted, .job = {}, .deleted = {}, .kept_files = {}};
  for (const JobRecord& job : jobs) {
    std::ranges::move(RemoveJobLocked(job.key, order.word),
                      std::back_inserter(deletion.kept_files));
    deletion.deleted.push_back({job.name, job.status.state});
  }
  for (const JobRecord& job : jobs) {
    if (order.with_input) RemoveInputsLocked(project, job.file_ids);
  }
  deleted_batches_[{project, id}].push_back({batch.key, {}, order.word});
  actions_.push_back({"delete_batch", "projects/" + project + "/batches/" + id, {}});
  batches_.erase(batch.key);
  return deletion;
}

absl::StatusOr<std::vector<StorageDebt>> FakeStore::LoadDebts(int64_t after, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<StorageDebt> debts;
  for (auto row = debts_.upper_bound(after); row != debts_.end(); ++row) {
    if (std::ssize(debts) == limit) break;
    debts.push_back(row->second.debt);
    for (const std::string& id : row->second.kept_ids) {
      const auto file = files_.rows.find({row->second.debt.job.project, id});
      if (file != files_.rows.end()) debts.back().kept_uris.push_back(file->second.record.uri);
    }
    for (const std::string& uri : FilesWithoutJobLocked(row->second.debt.job)) {
      std::vector<std::string>& kept = debts.back().kept_uris;
      if (std::ranges::find(kept, uri) == kept.end()) kept.push_back(uri);
    }
  }
  return debts;
}

std::vector<std::string> FakeStore::FilesWithoutJobLocked(const JobName& name) const {
  std::vector<std::string> uris;
  for (const auto& [file, row] : files_.rows) {
    const bool is_of_name = file.first == name.project && row.record.produced_by == name.id;
    const auto producer = producers_.find(file);
    if (is_of_name && producer != producers_.end() && producer->second == 0) {
      uris.push_back(row.record.uri);
    }
  }
  return uris;
}

absl::StatusOr<std::vector<std::string>> FakeStore::ListFilesWithoutJob(const JobName& name) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return FilesWithoutJobLocked(name);
}

absl::Status FakeStore::PayDebt(int64_t key) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  debts_.erase(key);
  return absl::OkStatus();
}

bool FakeStore::IsNamedLocked(const FileRecord& upload) const {
  const auto is_of_project = [&](const auto& name) { return name == upload.project; };
  const std::string name = "projects/" + upload.project + "/files/" + upload.id;
  return std::ranges::any_of(jobs_,
                             [&](const auto& row) {
                               return is_of_project(row.second.name.project) &&
                                      std::ranges::count(row.second.file_ids, upload.id) > 0;
                             }) ||
         std::ranges::any_of(reference_versions_,
                             [&](const auto& row) {
                               return is_of_project(row.first.first) &&
                                      std::ranges::count(row.second, upload.id,
                                                         &ReferenceVersion::file_id) > 0;
                             }) ||
         IsReferencedLocked(upload.project, upload.id) ||
         std::ranges::any_of(schedules_,
                             [&](const auto& row) {
                               const ScheduleRecord& schedule = row.second.record;
                               return is_of_project(schedule.project) &&
                                      schedule.request.find(name) != std::string::npos;
                             }) ||
         std::ranges::any_of(batches_, [&](const auto& row) {
           const BatchRecord& batch = row.second.record;
           return is_of_project(batch.project) &&
                  (batch.made < batch.operations || batch.refused > 0) &&
                  batch.create_time > upload.create_time - absl::Hours(24);
         });
}

absl::StatusOr<UnusedUploads> FakeStore::DeleteUnusedUploads(absl::Duration retained, int64_t after,
                                                             int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const absl::Time bound = clock_.Now() - retained;
  std::map<int64_t, FileRecord> by_age;
  for (const auto& [name, row] : files_.rows) {
    if (row.record.produced_by.empty() && row.age > after) by_age[row.age] = row.record;
  }
  UnusedUploads page{.deleted = 0, .last = after, .is_last_page = std::ssize(by_age) < limit};
  for (const auto& [age, file] : by_age) {
    if (limit-- == 0) break;
    page.last = age;
    page.is_last_page = page.is_last_page || file.create_time > bound;
    const bool is_upload = file.uri.starts_with("file:///projects/");
    if (file.create_time > bound || !is_upload || IsNamedLocked(file)) continue;
    EraseFileLocked({file.project, file.id});
    OweFileLocked(file.project, file.uri);
    ++page.deleted;
  }
  return page;
}

absl::StatusOr<ExpiredJobs> FakeStore::ListExpiredJobs(absl::Duration retained, JobKey after,
                                                       int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const absl::Time bound = clock_.Now() - retained;
  ExpiredJobs page;
  page.last = after;
  int left = limit;
  for (auto row = jobs_.upper_bound(after); row != jobs_.end() && left > 0; ++row, --left) {
    const JobRecord& job = row->second;
    page.last = job.key;
    page.is_last_page = job.create_time > bound;
    const bool is_expired = IsTerminal(job.status.state) && job.status.end_time < bound;
    if (is_expired && job.batch.key == 0) page.jobs.push_back(job.name);
  }
  page.is_last_page = page.is_last_page || left > 0;
  return page;
}

absl::StatusOr<ExpiredBatches> FakeStore::ListExpiredBatches(absl::Duration retained,
                                                             BatchKey after, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const absl::Time bound = clock_.Now() - retained;
  ExpiredBatches page;
  page.last = after;
  int left = limit;
  for (auto row = batches_.upper_bound(after); row != batches_.end() && left > 0; ++row, --left) {
    const BatchRecord& batch = row->second.record;
    page.last = batch.key;
    page.is_last_page = batch.create_time > bound;
    const bool is_expired = batch.end_time != absl::InfinitePast() && batch.end_time < bound;
    if (is_expired) page.batches.push_back({batch.key, batch.project, batch.id, batch.version});
  }
  page.is_last_page = page.is_last_page || left > 0;
  return page;
}

}  // namespace dq
