#include "scheduler/store/creation_statements.h"

#include <algorithm>
#include <utility>

#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/json_columns.h"

namespace dq {
namespace {

// More kinds of jobs in a batch than this are written by one statement that takes them all.
constexpr size_t kKindsMax = 4;

// The state in which job_history says that a job was created.
JobState ToldState(const JobRecord& job) {
  const bool waits = absl::ToUnixMicros(job.rules.not_before) > absl::ToUnixMicros(job.create_time);
  return waits || !job.dependencies.empty() ? JobState::kPending : JobState::kQueued;
}

// What create_jobs writes: a job that was given to a worker as it came is claimed after that.
JobState CreatedState(const JobRecord& job) {
  return job.status.attempt > 0 ? JobState::kQueued : job.status.state;
}

// Returns whether the first event says nothing that job_history does not tell by itself.
bool IsCreatedPlainly(const JobInsert& insert) {
  const JobRecord& job = insert.record;
  const JobEventRecord& created = insert.events.front();
  return created.event == JobEvent::kCreate && created.reason.empty() && created.message.empty() &&
         created.actor == job.created_by && created.time == job.create_time &&
         created.to == ToldState(job) && job.status.charges == 0 &&
         job.status.error.reason.empty() && !job.result.has_value();
}

// Whole microseconds; nothing for an infinite duration.
std::optional<int64_t> Microseconds(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return std::nullopt;
  return absl::ToInt64Microseconds(duration);
}

// Adds what never changes of a job, in the order of job_spec.
void AddSpecs(Parameters& p, const InsertList& inserted) {
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.uid); });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.display_name); });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.request_hash); });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.created_by); });
  p.AddArray(inserted, [](auto* i) { return ToJson(i->record.labels); });
  p.AddArray(inserted, [](auto* i) { return i->record.create_time; });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.rules.queue); });
  p.AddArray(inserted, [](auto* i) { return i->record.rules.priority; });
  p.AddArray(inserted, [](auto* i) { return ToJson(i->record.rules.stages); });
  p.AddArray(inserted, [](auto* i) { return i->record.rules.max_attempts; });
  p.AddArray(inserted, [](auto* i) { return absl::ToInt64Microseconds(i->record.rules.backoff); });
  p.AddArray(inserted, [](auto* i) { return i->record.rules.backoff_multiplier; });
  p.AddArray(inserted,
             [](auto* i) { return absl::ToInt64Microseconds(i->record.rules.backoff_cap); });
  p.AddArray(inserted, [](auto* i) { return Microseconds(i->record.rules.execution_timeout); });
  p.AddArray(inserted, [](auto* i) { return i->record.rules.not_before; });
  p.AddArray(inserted, [](auto* i) { return ByteView{i->record.payload.spec}; });
  p.AddArray(inserted, [](auto* i) { return ByteView{i->record.payload.grant}; });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.rules.concurrency_key); });
  p.AddArray(inserted, [](auto* i) { return i->record.rules.concurrency_max; });
  p.AddArray(inserted, [](auto* i) { return Microseconds(i->record.rules.no_progress_timeout); });
  p.AddArray(inserted, [](auto* i) { return i->record.rules.start_deadline; });
}

PipelineCall CreateJobs(const InsertList& inserted) {
  Parameters p;
  p.AddArray(inserted, [](auto* i) { return i->record.key; });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.name.project); });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.name.id); });
  p.AddArray(inserted, [](auto* i) { return std::string_view(i->record.request_id); });
  p.AddArray(inserted, [](auto* i) { return static_cast<int16_t>(CreatedState(i->record)); });
  p.AddArray(inserted, [](auto* i) { return static_cast<int16_t>(i->record.status.wait_reason); });
  p.AddArray(inserted, [](auto* i) { return i->record.status.wait_until; });
  AddSpecs(p, inserted);
  return {&sql::kCreateJobs, std::move(p)};
}

// Returns whether create_alike_jobs can write both.
bool AreAlike(const JobRecord& a, const JobRecord& b) {
  return a.name.project == b.name.project && a.created_by == b.created_by &&
         CreatedState(a) == CreatedState(b) && a.status.wait_reason == b.status.wait_reason &&
         a.status.wait_until == b.status.wait_until && a.rules == b.rules;
}

// Returns the jobs by what is alike in them; nothing when they are of too many kinds.
std::vector<InsertList> ByKind(const InsertList& inserted) {
  std::vector<InsertList> kinds;
  for (const JobInsert* insert : inserted) {
    const auto kind = std::ranges::find_if(kinds, [insert](const InsertList& others) {
      return AreAlike(others.front()->record, insert->record);
    });
    if (kind != kinds.end()) {
      kind->push_back(insert);
    } else if (kinds.size() < kKindsMax) {
      kinds.push_back({insert});
    } else {
      return {};
    }
  }
  return kinds;
}

// Adds what holds for all jobs like `job`, in the order of create_alike_jobs.
void AddShared(Parameters& p, const JobRecord& job) {
  p.AddValue(job.name.project);
  p.AddValue(static_cast<int16_t>(CreatedState(job)));
  p.AddValue(static_cast<int16_t>(job.status.wait_reason));
  p.AddValue(job.status.wait_until);
  p.AddValue(job.created_by);
  p.AddValue(job.rules.queue);
  p.AddValue(job.rules.priority);
  p.AddValue(JsonView{ToJson(job.rules.stages)});
  p.AddValue(job.rules.max_attempts);
  p.AddValue(absl::ToInt64Microseconds(job.rules.backoff));
  p.AddValue(job.rules.backoff_multiplier);
  p.AddValue(absl::ToInt64Microseconds(job.rules.backoff_cap));
  p.AddValue(Microseconds(job.rules.execution_timeout));
  p.AddValue(job.rules.not_before);
  p.AddValue(job.rules.concurrency_key);
  p.AddValue(job.rules.concurrency_max);
  p.AddValue(Microseconds(job.rules.no_progress_timeout));
  p.AddValue(job.rules.start_deadline);
}

PipelineCall CreateAlikeJobs(const InsertList& alike) {
  Parameters p;
  p.AddArray(alike, [](auto* i) { return i->record.key; });
  p.AddArray(alike, [](auto* i) { return std::string_view(i->record.name.id); });
  p.AddArray(alike, [](auto* i) { return std::string_view(i->record.request_id); });
  p.AddArray(alike, [](auto* i) { return std::string_view(i->record.uid); });
  p.AddArray(alike, [](auto* i) { return std::string_view(i->record.display_name); });
  p.AddArray(alike, [](auto* i) { return std::string_view(i->record.request_hash); });
  p.AddArray(alike, [](auto* i) { return ToJson(i->record.labels); });
  p.AddArray(alike, [](auto* i) { return i->record.create_time; });
  p.AddArray(alike, [](auto* i) { return ByteView{i->record.payload.spec}; });
  p.AddArray(alike, [](auto* i) { return ByteView{i->record.payload.grant}; });
  AddShared(p, alike.front()->record);
  return {&sql::kCreateAlikeJobs, std::move(p)};
}

}  // namespace

bool IsPlainCreation(const JobInsert& insert) {
  const JobStatus& status = insert.record.status;
  return insert.events.size() == 1 && IsCreatedPlainly(insert) && status.attempt == 0 &&
         insert.events.front().to == status.state;
}

bool IsClaimedCreation(const JobInsert& insert) {
  const JobStatus& status = insert.record.status;
  if (insert.events.size() != 2 || !IsCreatedPlainly(insert)) return false;
  const JobEventRecord& claimed = insert.events.back();
  return claimed.event == JobEvent::kClaim && claimed.from == JobState::kQueued &&
         insert.events.front().to == JobState::kQueued && status.attempt == 1 &&
         claimed.reason.empty() && claimed.message.empty() && claimed.time == status.start_time;
}

PipelineCall InsertJobSpecs(const InsertList& inserted) {
  Parameters p;
  p.AddArray(inserted, [](auto* i) { return i->record.key; });
  AddSpecs(p, inserted);
  return {&sql::kInsertJobSpecs, std::move(p)};
}

std::vector<PipelineCall> CreateCalls(const InsertList& inserted) {
  std::vector<PipelineCall> calls;
  if (inserted.empty()) return calls;
  for (const InsertList& alike : ByKind(inserted)) calls.push_back(CreateAlikeJobs(alike));
  if (calls.empty()) calls.push_back(CreateJobs(inserted));
  return calls;
}

}  // namespace dq
