#include "scheduler/store/batch_statements.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "scheduler/store/announcement_statements.h"
#include "scheduler/store/creation_statements.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/nothing_made.h"

namespace dq {
namespace {

const JobStatus& StatusIn(const JobInsert& insert) { return insert.record.status; }
const JobStatus& StatusIn(const JobUpdate* update) { return update->status; }

constexpr char kSchedulerActor[] = "scheduler";

// Adds the columns that transitions change, in the order of insert_jobs and update_jobs.
template <typename Rows>
void AddStatus(Parameters& p, const Rows& rows) {
  p.AddArray(rows, [](auto& r) { return static_cast<int16_t>(StatusIn(r).state); });
  p.AddArray(rows, [](auto& r) { return static_cast<int16_t>(StatusIn(r).wait_reason); });
  p.AddArray(rows, [](auto& r) { return StatusIn(r).attempt; });
  p.AddArray(rows, [](auto& r) { return StatusIn(r).charges; });
  p.AddArray(rows, [](auto& r) { return StatusIn(r).losses; });
  p.AddArray(rows, [](auto& r) { return StatusIn(r).version; });
  p.AddArray(rows, [](auto& r) { return StatusIn(r).wait_until; });
  p.AddArray(rows, [](auto& r) { return StatusIn(r).start_time; });
  p.AddArray(rows, [](auto& r) { return StatusIn(r).end_time; });
  p.AddArray(rows, [](auto& r) { return std::string_view(StatusIn(r).lease_token); });
  p.AddArray(rows, [](auto& r) { return std::string_view(StatusIn(r).worker); });
  p.AddArray(rows, [](auto& r) { return std::string_view(StatusIn(r).error.reason); });
  p.AddArray(rows, [](auto& r) { return std::string_view(StatusIn(r).error.message); });
  p.AddArray(rows, [](auto& r) { return ToJson(StatusIn(r).error.metadata); });
}

// Adds key, project, id and request id.
void AddIdentity(Parameters& p, const std::vector<JobInsert>& inserts) {
  p.AddArray(inserts, [](auto& i) { return i.record.key; });
  p.AddArray(inserts, [](auto& i) { return std::string_view(i.record.name.project); });
  p.AddArray(inserts, [](auto& i) { return std::string_view(i.record.name.id); });
  p.AddArray(inserts, [](auto& i) { return std::string_view(i.record.request_id); });
}

PipelineCall InsertJobs(const std::vector<JobInsert>& inserts) {
  Parameters p;
  AddIdentity(p, inserts);
  AddStatus(p, inserts);
  return {&sql::kInsertJobs, std::move(p)};
}

using UpdateList = std::vector<const JobUpdate*>;

void AddCount(Parameters& p, const UpdateList& updates) {
  p.AddValue(static_cast<int64_t>(updates.size()));
}

PipelineCall UpdateJobs(const UpdateList& updates) {
  Parameters p;
  p.AddArray(updates, [](auto* u) { return u->key; });
  p.AddArray(updates, [](auto* u) { return u->expected_attempt; });
  p.AddArray(updates, [](auto* u) { return std::string_view(u->expected_token); });
  AddStatus(p, updates);
  AddCount(p, updates);
  return {&sql::kUpdateJobs, std::move(p)};
}

// A lease that begins.
struct ClaimRow {
  JobKey key;
  const JobStatus* status;
};

PipelineCall ClaimJobs(const std::vector<ClaimRow>& claims) {
  Parameters p;
  p.AddArray(claims, [](auto& c) { return c.key; });
  p.AddArray(claims, [](auto& c) { return c.status->attempt - 1; });
  p.AddArray(claims, [](auto& c) { return std::string_view(c.status->lease_token); });
  p.AddArray(claims, [](auto& c) { return std::string_view(c.status->worker); });
  p.AddArray(claims, [](auto& c) { return c.status->start_time; });
  p.AddValue(static_cast<int64_t>(claims.size()));
  return {&sql::kClaimJobs, std::move(p)};
}

PipelineCall CompleteJobs(const UpdateList& updates) {
  Parameters p;
  p.AddArray(updates, [](auto* u) { return u->key; });
  p.AddArray(updates, [](auto* u) { return u->expected_attempt; });
  p.AddArray(updates, [](auto* u) { return std::string_view(u->expected_token); });
  p.AddArray(updates, [](auto* u) { return u->status.end_time; });
  AddCount(p, updates);
  return {&sql::kCompleteJobs, std::move(p)};
}

// Returns whether `update` is one transition of which only `event` and its place are to be told.
bool IsPlain(const JobUpdate& update, JobEvent event, JobState from) {
  if (update.events.size() != 1) return false;
  const JobEventRecord& only = update.events.front();
  return only.event == event && only.from == from && only.reason.empty() && only.message.empty();
}

// What claim_jobs tells.
bool IsPlainClaim(const JobUpdate& update) {
  return IsPlain(update, JobEvent::kClaim, JobState::kQueued) && update.expected_token.empty() &&
         update.status.attempt == update.expected_attempt + 1 &&
         update.events.front().actor == kSchedulerActor &&
         update.events.front().time == update.status.start_time;
}

// What complete_jobs tells.
bool IsPlainCompletion(const JobUpdate& update) {
  return IsPlain(update, JobEvent::kComplete, JobState::kProcessing) &&
         update.status.lease_token.empty() && update.status.attempt == update.expected_attempt &&
         update.events.front().actor == update.status.worker &&
         update.events.front().time == update.status.end_time;
}

enum class UpdateKind { kClaim, kCompletion, kOther };

UpdateKind KindOf(const JobUpdate& update) {
  if (IsPlainClaim(update)) return UpdateKind::kClaim;
  return IsPlainCompletion(update) ? UpdateKind::kCompletion : UpdateKind::kOther;
}

// A result file is one that another job has produced: it is needed as long as the job is there.
enum class NeedKind : int16_t { kFile = 1, kReference = 2, kResultFile = 3 };

struct Need {
  const JobRecord* job;
  NeedKind kind;
  std::string_view id;
};

std::vector<Need> Needs(const InsertList& inserted) {
  std::vector<Need> needs;
  for (const JobInsert* insert : inserted) {
    const JobRecord& job = insert->record;
    for (const auto& id : job.file_ids) needs.push_back({&job, NeedKind::kFile, id});
    for (const auto& id : job.reference_ids) needs.push_back({&job, NeedKind::kReference, id});
    if (!job.has_earlier_result) continue;
    for (const JobOutput& output : job.result->outputs) {
      needs.push_back({&job, NeedKind::kResultFile, output.file_id});
    }
  }
  return needs;
}

PipelineCall InsertJobNeeds(const std::vector<Need>& needs) {
  Parameters p;
  p.AddArray(needs, [](auto& n) { return std::string_view(n.job->name.project); });
  p.AddArray(needs, [](auto& n) { return static_cast<int16_t>(n.kind); });
  p.AddArray(needs, [](auto& n) { return n.id; });
  p.AddArray(needs, [](auto& n) { return n.job->key; });
  return {&sql::kInsertJobNeeds, std::move(p)};
}

struct Edge {
  JobKey job;
  JobKey dependency;
};

PipelineCall InsertDependencies(const std::vector<Edge>& edges) {
  Parameters p;
  p.AddArray(edges, [](auto& e) { return e.job; });
  p.AddArray(edges, [](auto& e) { return e.dependency; });
  return {&sql::kInsertDependencies, std::move(p)};
}

PipelineCall InsertBatchJobs(const InsertList& operations) {
  Parameters p;
  p.AddArray(operations, [](auto* i) { return i->record.batch.key; });
  p.AddArray(operations, [](auto* i) { return i->record.batch.index; });
  p.AddArray(operations, [](auto* i) { return i->record.key; });
  return {&sql::kInsertBatchJobs, std::move(p)};
}

PipelineCall HoldResultFiles(const std::vector<Need>& files) {
  Parameters p;
  p.AddArray(files, [](auto& n) { return std::string_view(n.job->name.project); });
  p.AddArray(files, [](auto& n) { return n.id; });
  return {&sql::kHoldResultFiles, std::move(p)};
}

// Returns what else is recorded of new jobs, beside their rows and specs.
std::vector<PipelineCall> RelationCalls(const InsertList& inserted) {
  std::vector<PipelineCall> calls;
  if (const auto needs = Needs(inserted); !needs.empty()) {
    std::vector<Need> taken_over;
    std::ranges::copy_if(needs, std::back_inserter(taken_over),
                         [](const Need& need) { return need.kind == NeedKind::kResultFile; });
    if (!taken_over.empty()) calls.push_back(HoldResultFiles(taken_over));
    calls.push_back(InsertJobNeeds(needs));
  }
  std::vector<Edge> edges;
  for (const JobInsert* insert : inserted) {
    for (const JobDependency& dependency : insert->record.dependencies) {
      edges.push_back({insert->record.key, dependency.job});
    }
  }
  if (!edges.empty()) calls.push_back(InsertDependencies(edges));
  InsertList operations;
  std::ranges::copy_if(inserted, std::back_inserter(operations),
                       [](const JobInsert* insert) { return insert->record.batch.key != 0; });
  if (!operations.empty()) calls.push_back(InsertBatchJobs(operations));
  return calls;
}

struct EventRow {
  JobKey key;
  const JobEventRecord* event;
};

PipelineCall InsertJobEvents(const std::vector<EventRow>& rows) {
  Parameters p;
  p.AddArray(rows, [](auto& r) { return r.key; });
  p.AddArray(rows, [](auto& r) { return r.event->sequence; });
  p.AddArray(rows, [](auto& r) { return r.event->time; });
  p.AddArray(rows, [](auto& r) { return static_cast<int16_t>(r.event->event); });
  p.AddArray(rows, [](auto& r) {
    return r.event->from.has_value() ? std::optional(static_cast<int16_t>(*r.event->from))
                                     : std::nullopt;
  });
  p.AddArray(rows, [](auto& r) { return static_cast<int16_t>(r.event->to); });
  p.AddArray(rows, [](auto& r) { return r.event->attempt; });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.event->worker); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.event->actor); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.event->reason); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.event->message); });
  return {&sql::kInsertJobEvents, std::move(p)};
}

struct ResultRow {
  JobKey key;
  const JobName* name;
  std::string_view created_by;
  const JobResult* result;
  bool is_earlier;  // Its files are recorded.
};

PipelineCall InsertJobResults(const std::vector<ResultRow>& rows) {
  Parameters p;
  p.AddArray(rows, [](auto& r) { return r.key; });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.result->manifest_uri); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.result->manifest_sha256); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.result->report_json); });
  p.AddArray(rows, [](auto& r) { return r.result->quality_score; });
  p.AddArray(rows, [](auto& r) { return static_cast<int16_t>(r.result->verdict); });
  p.AddArray(rows, [](auto& r) { return ToJson(r.result->outputs); });
  return {&sql::kInsertJobResults, std::move(p)};
}

struct FileRow {
  const ResultRow* job;
  const JobOutput* output;
};

PipelineCall InsertProducedFiles(const std::vector<FileRow>& rows, absl::Time now) {
  Parameters p;
  p.AddArray(rows, [](auto& r) { return std::string_view(r.job->name->project); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.output->file_id); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.output->display_name); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.output->uri); });
  p.AddArray(rows, [](auto& r) { return r.output->size_bytes; });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.output->sha256); });
  p.AddArray(rows, [](auto& r) { return std::string_view(r.job->name->id); });
  p.AddArray(rows, [](auto& r) { return r.job->created_by; });
  p.AddArray(rows, [](auto& r) { return r.job->key; });
  p.AddValue(now);
  return {&sql::kInsertProducedFiles, std::move(p)};
}

PipelineCall DeleteCheckpoints(const std::vector<JobKey>& keys) {
  Parameters p;
  p.AddArray(keys, [](JobKey key) { return key; });
  return {&sql::kDeleteCheckpoints, std::move(p)};
}

using StateCounts = std::map<std::pair<std::string_view, JobState>, int64_t>;

// Live jobs by project and page of keys.
using PageCounts = std::map<std::pair<std::string_view, int64_t>, int64_t>;

constexpr int kPageBits = 8;  // As in job_page.

PipelineCall CountJobs(const PageCounts& pages, const StateCounts& counts) {
  Parameters p;
  p.AddArray(pages, [](auto& c) { return c.first.first; });
  p.AddArray(pages, [](auto& c) { return c.first.second; });
  p.AddArray(pages, [](auto& c) { return c.second; });
  p.AddArray(counts, [](auto& c) { return c.first.first; });
  p.AddArray(counts, [](auto& c) { return static_cast<int16_t>(c.first.second); });
  p.AddArray(counts, [](auto& c) { return c.second; });
  return {&sql::kCountJobs, std::move(p)};
}

// Jobs of batches by state.
using OperationCounts = std::map<std::pair<BatchKey, JobState>, int64_t>;

PipelineCall CountOperations(const OperationCounts& counts) {
  Parameters p;
  p.AddArray(counts, [](auto& c) { return c.first.first; });
  p.AddArray(counts, [](auto& c) { return static_cast<int16_t>(c.first.second); });
  p.AddArray(counts, [](auto& c) { return c.second; });
  return {&sql::kCountOperations, std::move(p)};
}

// The rows beside `job` that a batch adds or removes.
struct Consequences {
  std::vector<EventRow> events;
  std::vector<ResultRow> results;
  PageCounts pages;
  StateCounts counts;
  OperationCounts operations;
};

// Counts a job that was live, or not, and is now.
void CountLive(PageCounts& pages, const JobName& name, JobKey key, bool before, bool after) {
  if (before != after) pages[{name.project, key >> kPageBits}] += after ? 1 : -1;
}

void AddInsert(const JobInsert& insert, Consequences& to) {
  const JobRecord& job = insert.record;
  if (job.result.has_value() && *job.result != kNothingMade) {
    to.results.push_back(
        {job.key, &job.name, job.created_by, &*job.result, job.has_earlier_result});
  }
  CountLive(to.pages, job.name, job.key, false, !IsTerminal(job.status.state));
  ++to.counts[{job.name.project, job.status.state}];
  if (job.batch.key != 0) ++to.operations[{job.batch.key, job.status.state}];
}

void AddUpdate(const JobUpdate& update, Consequences& to) {
  const UpdateKind kind = KindOf(update);
  if (kind == UpdateKind::kOther) {
    for (const JobEventRecord& event : update.events) to.events.push_back({update.key, &event});
  }
  if (update.result.has_value() && *update.result != kNothingMade) {
    to.results.push_back({update.key, &update.name, update.created_by, &*update.result, false});
  }
  if (update.events.empty() || !update.events.front().from.has_value()) return;
  const JobState before = *update.events.front().from;
  const JobState after = update.status.state;
  CountLive(to.pages, update.name, update.key, !IsTerminal(before), !IsTerminal(after));
  --to.counts[{update.name.project, before}];
  ++to.counts[{update.name.project, after}];
  if (update.batch == 0) return;
  --to.operations[{update.batch, before}];
  ++to.operations[{update.batch, after}];
}

void DropZeros(Consequences& rows) {
  const auto is_zero = [](const auto& count) { return count.second == 0; };
  std::erase_if(rows.counts, is_zero);
  std::erase_if(rows.operations, is_zero);
}

std::vector<FileRow> ProducedFiles(const std::vector<ResultRow>& results) {
  std::vector<FileRow> files;
  for (const ResultRow& row : results) {
    if (row.is_earlier) continue;
    for (const JobOutput& output : row.result->outputs) files.push_back({&row, &output});
  }
  return files;
}

PipelineCall SaveCheckpoints(const std::vector<CheckpointSave>& saves) {
  Parameters p;
  p.AddArray(saves, [](auto& s) { return s.key; });
  p.AddArray(saves, [](auto& s) { return s.attempt; });
  p.AddArray(saves, [](auto& s) { return std::string_view(s.token); });
  p.AddArray(saves, [](auto& s) { return s.checkpoint->sequence; });
  p.AddArray(saves, [](auto& s) { return s.checkpoint->percent; });
  p.AddArray(saves, [](auto& s) { return std::string_view(s.checkpoint->stage); });
  p.AddArray(saves, [](auto& s) { return s.checkpoint->time; });
  p.AddArray(saves, [](auto& s) { return ByteView{s.checkpoint->place}; });
  p.AddValue(static_cast<int64_t>(saves.size()));
  return {&sql::kSaveCheckpoints, std::move(p)};
}

// `claims` are those of jobs that are inserted before.
std::vector<PipelineCall> UpdateCalls(const WriteBatch& batch, std::vector<ClaimRow> claims) {
  UpdateList completions;
  UpdateList others;
  for (const JobUpdate& update : batch.updates) {
    switch (KindOf(update)) {
      case UpdateKind::kClaim:
        claims.push_back({update.key, &update.status});
        break;
      case UpdateKind::kCompletion:
        completions.push_back(&update);
        break;
      case UpdateKind::kOther:
        others.push_back(&update);
        break;
    }
  }
  std::vector<PipelineCall> calls;
  // First: their leases may end in this batch.
  if (!batch.checkpoints.empty()) calls.push_back(SaveCheckpoints(batch.checkpoints));
  if (!claims.empty()) calls.push_back(ClaimJobs(claims));
  if (!completions.empty()) calls.push_back(CompleteJobs(completions));
  if (!others.empty()) calls.push_back(UpdateJobs(others));
  return calls;
}

std::vector<PipelineCall> RemainingCalls(const WriteBatch& batch, const Consequences& rows) {
  const std::vector<FileRow> files = ProducedFiles(rows.results);
  std::vector<PipelineCall> calls;
  if (!batch.dropped_checkpoints.empty()) {
    calls.push_back(DeleteCheckpoints(batch.dropped_checkpoints));
  }
  if (!rows.events.empty()) calls.push_back(InsertJobEvents(rows.events));
  if (!rows.results.empty()) calls.push_back(InsertJobResults(rows.results));
  if (!files.empty()) calls.push_back(InsertProducedFiles(files, batch.now));
  if (!rows.pages.empty() || !rows.counts.empty()) {
    calls.push_back(CountJobs(rows.pages, rows.counts));
  }
  if (!rows.operations.empty()) calls.push_back(CountOperations(rows.operations));
  return calls;
}

void Append(std::vector<PipelineCall>& calls, std::vector<PipelineCall> more) {
  for (PipelineCall& call : more) calls.push_back(std::move(call));
}

}  // namespace

bool AreAllPlain(const std::vector<JobInsert>& inserts) {
  return std::ranges::all_of(inserts, [](const JobInsert& insert) {
    return IsPlainCreation(insert) || IsClaimedCreation(insert);
  });
}

std::vector<PipelineCall> WholeCalls(const WriteBatch& batch) {
  Consequences rows;
  InsertList inserted;
  std::vector<ClaimRow> claims;
  for (const JobInsert& insert : batch.inserts) {
    inserted.push_back(&insert);
    if (IsClaimedCreation(insert)) claims.push_back({insert.record.key, &insert.record.status});
    AddInsert(insert, rows);
  }
  for (const JobUpdate& update : batch.updates) AddUpdate(update, rows);
  DropZeros(rows);
  std::vector<PipelineCall> calls;
  Append(calls, CreateCalls(inserted));
  Append(calls, RelationCalls(inserted));
  Append(calls, UpdateCalls(batch, std::move(claims)));
  Append(calls, RemainingCalls(batch, rows));
  Append(calls, AnnouncementCalls(batch, inserted));
  return calls;
}

std::vector<PipelineCall> DecidingCalls(const WriteBatch& batch) {
  std::vector<PipelineCall> calls;
  calls.push_back(InsertJobs(batch.inserts));
  Append(calls, UpdateCalls(batch, {}));
  return calls;
}

std::vector<PipelineCall> FollowingCalls(const WriteBatch& batch, const InsertList& inserted) {
  Consequences rows;
  for (const JobInsert* insert : inserted) {
    AddInsert(*insert, rows);
    if (IsPlainCreation(*insert)) continue;
    for (const JobEventRecord& event : insert->events) {
      rows.events.push_back({insert->record.key, &event});
    }
  }
  for (const JobUpdate& update : batch.updates) AddUpdate(update, rows);
  DropZeros(rows);
  std::vector<PipelineCall> calls;
  if (!inserted.empty()) calls.push_back(InsertJobSpecs(inserted));
  Append(calls, RelationCalls(inserted));
  Append(calls, RemainingCalls(batch, rows));
  Append(calls, AnnouncementCalls(batch, inserted));
  return calls;
}

PipelineCall ConflictCall(const WriteBatch& batch) {
  Parameters p;
  AddIdentity(p, batch.inserts);
  return {&sql::kFindConflictingJobs, std::move(p)};
}

}  // namespace dq
