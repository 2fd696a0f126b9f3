#include "scheduler/store/batch_writer.h"

#include <array>
#include <charconv>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/sql_error.h"

namespace dq {
namespace {

constexpr int kConflictTriesMax = 3;

constexpr auto kWriterStatements = std::to_array<const sql::Statement*>({
    &sql::kSetSessionLimits,
    &sql::kSetSessionPlanner,
    &sql::kBeginBatch,
    &sql::kFenceBatch,
    &sql::kInsertJobs,
    &sql::kUpdateJobs,
    &sql::kFindConflictingJobs,
    &sql::kInsertJobSpecs,
    &sql::kInsertJobNeeds,
    &sql::kInsertLiveJobs,
    &sql::kDeleteLiveJobs,
    &sql::kInsertJobEvents,
    &sql::kInsertJobResults,
    &sql::kInsertProducedFiles,
    &sql::kAddStateCounts,
    &sql::kCommitBatch,
    &sql::kRollBackBatch,
});

int64_t Number(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

PipelineCall Fence(const std::string& cell, const WriteBatch& batch, absl::Duration ttl) {
  Parameters p;
  p.AddText(cell);
  p.AddInt64(batch.epoch);
  p.AddInt64(batch.sequence);
  p.AddInt64(absl::ToInt64Microseconds(ttl));
  return {&sql::kFenceBatch, std::move(p)};
}

// Returns the hash of the earlier job of a request: its spec is not written yet when it is another
// insert of the same batch.
std::string EarlierHash(const WriteBatch& batch, const std::vector<std::string>& row) {
  const JobKey earlier = Number(row[1]);
  for (const JobInsert& insert : batch.inserts) {
    if (insert.record.key == earlier) return insert.record.request_hash;
  }
  return row[2];
}

// Judges by one row of find_conflicting_jobs. The request id is asked before the name: repeating a
// request is no conflict.
absl::StatusOr<InsertVerdict> Judge(const WriteBatch& batch, const JobRecord& record,
                                    const std::vector<std::string>& row) {
  if (row[0] == "t") return InsertVerdict{};
  if (!row[1].empty()) {
    const bool same = EarlierHash(batch, row) == record.request_hash;
    return same ? InsertVerdict{InsertOutcome::kExisted, Number(row[1])}
                : InsertVerdict{InsertOutcome::kRequestIdReused, 0};
  }
  if (row[3] == "t") return InsertVerdict{InsertOutcome::kIdTaken, 0};
  return MakeError(absl::StatusCode::kInternal, "KEY_TAKEN",
                   "the key of job " + record.name.id + " belongs to another job");
}

InsertList Inserted(const WriteBatch& batch, const std::vector<InsertVerdict>& verdicts) {
  InsertList inserted;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].outcome == InsertOutcome::kInserted) inserted.push_back(&batch.inserts[i]);
  }
  return inserted;
}

}  // namespace

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::Write(const WriteBatch& batch,
                                                         absl::Duration leadership_ttl) {
  absl::StatusOr<Verdicts> verdicts;
  for (int i = 0; i < kConflictTriesMax; ++i) {
    verdicts = WriteOnce(batch, leadership_ttl);
    if (!IsTransactionConflict(verdicts.status())) return verdicts;
  }
  return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                   MessageOf(verdicts.status()));
}

// Leaves the connection without a transaction, or drops it.
absl::StatusOr<BatchWriter::Verdicts> BatchWriter::WriteOnce(const WriteBatch& batch,
                                                             absl::Duration leadership_ttl) {
  DQ_RETURN_IF_ERROR(Connect());
  absl::StatusOr<Verdicts> verdicts = WriteInTransaction(batch, leadership_ttl);
  const bool undone = verdicts.ok() || (!absl::IsUnavailable(verdicts.status()) &&
                                        connection_->Run({{&sql::kRollBackBatch, {}}}).ok());
  if (!undone) connection_.reset();
  return verdicts;
}

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::WriteInTransaction(
    const WriteBatch& batch, absl::Duration leadership_ttl) {
  std::vector<PipelineCall> calls;
  calls.push_back({&sql::kBeginBatch, {}});
  calls.push_back(Fence(cell_, batch, leadership_ttl));
  for (PipelineCall& call : DecidingCalls(batch)) calls.push_back(std::move(call));
  DQ_ASSIGN_OR_RETURN(const std::vector<PipelineResult> results, connection_->Run(calls));
  const auto& fence = results[1].rows;
  if (fence.empty()) {
    return MakeError(absl::StatusCode::kAborted, "NOT_LEADER",
                     "another scheduler leads: epoch " + std::to_string(batch.epoch) + " is over");
  }
  if (Number(fence[0][0]) >= batch.sequence) {
    DQ_RETURN_IF_ERROR(connection_->Run({{&sql::kRollBackBatch, {}}}).status());
    return JudgeInserts(batch);
  }
  DQ_ASSIGN_OR_RETURN(Verdicts verdicts, Verify(batch, results));
  std::vector<PipelineCall> rest = FollowingCalls(batch, Inserted(batch, verdicts));
  rest.push_back({&sql::kCommitBatch, {}});
  DQ_RETURN_IF_ERROR(connection_->Run(rest).status());
  return verdicts;
}

// Checks the results of DecidingCalls, which follow those of BEGIN and the fence.
absl::StatusOr<BatchWriter::Verdicts> BatchWriter::Verify(
    const WriteBatch& batch, const std::vector<PipelineResult>& results) {
  if (!batch.updates.empty()) {
    const auto updated = static_cast<size_t>(results.back().rows_affected);
    if (updated != batch.updates.size()) {
      return MakeError(absl::StatusCode::kAborted, "FENCED",
                       std::to_string(batch.updates.size() - updated) + " of " +
                           std::to_string(batch.updates.size()) +
                           " jobs do not hold the expected attempt and token");
    }
  }
  if (batch.inserts.empty() || results[2].rows.size() == batch.inserts.size()) {
    return Verdicts(batch.inserts.size());
  }
  return JudgeInserts(batch);
}

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::JudgeInserts(const WriteBatch& batch) {
  Verdicts verdicts;
  if (batch.inserts.empty()) return verdicts;
  DQ_ASSIGN_OR_RETURN(const auto results, connection_->Run({ConflictCall(batch)}));
  for (size_t i = 0; i < batch.inserts.size(); ++i) {
    DQ_ASSIGN_OR_RETURN(verdicts.emplace_back(),
                        Judge(batch, batch.inserts[i].record, results[0].rows[i]));
  }
  return verdicts;
}

absl::Status BatchWriter::Connect() {
  if (connection_ != nullptr) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(auto connection,
                      PipelineConnection::Open(target_, timeout_, kWriterStatements));
  Parameters limits;
  limits.AddText(std::to_string(absl::ToInt64Milliseconds(timeout_)));
  limits.AddText(std::to_string(absl::ToInt64Milliseconds(timeout_)));
  Parameters planner;
  planner.AddText("force_generic_plan");
  const auto set = connection->Run({{&sql::kSetSessionLimits, std::move(limits)},
                                    {&sql::kSetSessionPlanner, std::move(planner)}});
  DQ_RETURN_IF_ERROR(set.status());
  connection_ = std::move(connection);
  return absl::OkStatus();
}

}  // namespace dq
