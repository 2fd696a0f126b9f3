// Reads of recorded jobs, with the filter evaluated term by term.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/core/state_table.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

using Op = JobFilterTerm::Op;
using Field = JobFilterTerm::Field;

template <typename Value>
bool Compare(const Value& value, Op op, const Value& bound) {
  switch (op) {
    case Op::kEqual:
      return value == bound;
    case Op::kNotEqual:
      return value != bound;
    case Op::kLess:
      return value < bound;
    case Op::kLessEqual:
      return value <= bound;
    case Op::kGreater:
      return value > bound;
    case Op::kGreaterEqual:
      return value >= bound;
  }
  return false;
}

bool CompareTime(absl::Time value, const JobFilterTerm& term) {
  return value != absl::InfinitePast() && Compare(value, term.op, term.time);
}

bool CompareStages(const JobRecord& job, const JobFilterTerm& term) {
  const bool has = std::ranges::count(job.rules.stages, term.text) > 0;
  return has == (term.op == Op::kEqual);
}

std::string LabelOf(const JobRecord& job, const std::string& label) {
  const auto found = job.labels.find(label);
  return found == job.labels.end() ? "" : found->second;
}

bool Matches(const JobRecord& job, const JobFilterTerm& term) {
  switch (term.field) {
    case Field::kState:
      return Compare(std::string(StateName(job.status.state)), term.op, term.text);
    case Field::kQueue:
      return Compare(job.rules.queue, term.op, term.text);
    case Field::kStage:
      return CompareStages(job, term);
    case Field::kWorker:
      return Compare(job.status.worker, term.op, term.text);
    case Field::kCreatedBy:
      return Compare(job.created_by, term.op, term.text);
    case Field::kLabel:
      return Compare(LabelOf(job, term.label), term.op, term.text);
    case Field::kCreateTime:
      return CompareTime(job.create_time, term);
    case Field::kEndTime:
      return CompareTime(job.status.end_time, term);
    case Field::kQualityScore:
      return job.result && job.result->quality_score &&
             Compare(*job.result->quality_score, term.op, term.number);
    case Field::kErrorReason:
      return Compare(job.status.error.reason, term.op, term.text);
    case Field::kBatch:
      return Compare(job.batch.id, term.op, term.text);
    case Field::kVerdict: {
      const Verdict verdict = job.result ? job.result->verdict : Verdict::kNotEvaluated;
      return Compare(static_cast<double>(verdict), term.op, term.number);
    }
  }
  return false;
}

// Returns the record as a read gives it: without what only commits carry.
JobRecord AsRead(JobRecord record) {
  record.file_ids.clear();
  record.reference_ids.clear();
  if (record.result) record.result->report_json.clear();
  return record;
}

}  // namespace

absl::StatusOr<JobKey> FakeStore::FindLocked(const JobName& name) const {
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto found = key_of_name_.find(name);
  if (found == key_of_name_.end()) {
    const Deletion* const gone = FindDeletion(deleted_jobs_, {name.project, name.id});
    if (gone != nullptr) return JobDeleted(name, gone->word.time, gone->word.actor);
    return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "There is no job " + name.id);
  }
  return found->second;
}

absl::StatusOr<JobRecord> FakeStore::GetJob(const JobName& name) {
  MutexLock lock(mutex_);
  DQ_ASSIGN_OR_RETURN(const JobKey key, FindLocked(name));
  return AsRead(WithDependenciesLocked(jobs_.at(key)));
}

absl::StatusOr<JobRecord> FakeStore::GetJobByRequest(const std::string& project,
                                                     const std::string& request_id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto found = key_of_request_.find({project, request_id});
  if (found != key_of_request_.end())
    return AsRead(WithDependenciesLocked(jobs_.at(found->second)));
  return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "no job of " + request_id);
}

absl::StatusOr<std::vector<JobRecord>> FakeStore::BatchGetJobs(
    const std::string& project, const std::vector<std::string>& ids) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<JobRecord> found;
  for (const std::string& id : ids) {
    const auto key = key_of_name_.find({project, id});
    if (key != key_of_name_.end())
      found.push_back(AsRead(WithDependenciesLocked(jobs_.at(key->second))));
  }
  return found;
}

absl::StatusOr<std::vector<JobRecord>> FakeStore::ListJobs(const std::string& project,
                                                           const std::vector<JobFilterTerm>& filter,
                                                           JobKey before, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<JobRecord> found;
  for (auto row = jobs_.rbegin(); row != jobs_.rend() && std::ssize(found) < limit; ++row) {
    const JobRecord& job = row->second;
    if (job.name.project != project || (before != 0 && job.key >= before)) continue;
    const bool fits =
        std::ranges::all_of(filter, [&](const JobFilterTerm& term) { return Matches(job, term); });
    if (fits) found.push_back(AsRead(WithDependenciesLocked(job)));
  }
  return found;
}

absl::StatusOr<std::vector<JobRecord>> FakeStore::FindCompleted(const std::string& project,
                                                                const std::string& file_id,
                                                                const std::string& sha256,
                                                                int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto is_such = [&](const std::string& id) REQUIRES(mutex_) {
    const auto file = files_.rows.find({project, id});
    const bool is_same_upload = file != files_.rows.end() && file->second.record.sha256 == sha256 &&
                                file->second.record.produced_by.empty();
    return id == file_id || is_same_upload;
  };
  std::vector<JobRecord> found;
  for (auto row = jobs_.rbegin(); row != jobs_.rend() && std::ssize(found) < limit; ++row) {
    const JobRecord& job = row->second;
    if (job.name.project != project || job.status.state != JobState::kCompleted) continue;
    if (std::ranges::any_of(job.file_ids, is_such)) {
      found.push_back(AsRead(WithDependenciesLocked(job)));
    }
  }
  return found;
}

absl::StatusOr<std::vector<JobEventRecord>> FakeStore::ListJobEvents(const JobName& name,
                                                                     int64_t after, int limit) {
  MutexLock lock(mutex_);
  absl::StatusOr<JobKey> key = FindLocked(name);
  const Deletion* const gone = FindDeletion(deleted_jobs_, {name.project, name.id});
  if (absl::IsNotFound(key.status()) && gone != nullptr) key = gone->key;
  DQ_RETURN_IF_ERROR(key.status());
  std::vector<JobEventRecord> found;
  for (const JobEventRecord& event : events_.at(*key)) {
    if (event.sequence > after && std::ssize(found) < limit) found.push_back(event);
  }
  return found;
}

absl::StatusOr<std::string> FakeStore::GetReportJson(const JobName& name) {
  MutexLock lock(mutex_);
  const absl::StatusOr<JobKey> key = FindLocked(name);
  if (absl::IsUnavailable(key.status())) return key.status();
  if (!key.ok() || !jobs_.at(*key).result || jobs_.at(*key).result->report_json.empty()) {
    return MakeError(absl::StatusCode::kNotFound, "REPORT_NOT_FOUND",
                     "There is no report of job " + name.id);
  }
  return jobs_.at(*key).result->report_json;
}

}  // namespace dq
