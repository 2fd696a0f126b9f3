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

// What the statements refuse a batch with; see the head comments in sql/.
constexpr char kAnotherLeads[] = "DQ001";
constexpr char kWrittenAlready[] = "DQ002";
constexpr char kFenced[] = "DQ003";
constexpr char kOutOfOrder[] = "DQ005";
constexpr char kUniqueViolation[] = "23505";

constexpr auto kWriterStatements = std::to_array<const sql::Statement*>({
    &sql::kSetSessionLimits,
    &sql::kSetSessionPlanner,
    &sql::kBeginBatch,
    &sql::kFenceBatch,
    &sql::kCreateJobs,
    &sql::kCreateAlikeJobs,
    &sql::kInsertJobs,
    &sql::kClaimJobs,
    &sql::kCompleteJobs,
    &sql::kUpdateJobs,
    &sql::kFindConflictingJobs,
    &sql::kInsertJobSpecs,
    &sql::kHoldResultFiles,
    &sql::kInsertJobNeeds,
    &sql::kInsertDependencies,
    &sql::kCountJobs,
    &sql::kInsertJobEvents,
    &sql::kInsertJobResults,
    &sql::kInsertProducedFiles,
    &sql::kSaveCheckpoints,
    &sql::kDeleteCheckpoints,
    &sql::kCommitBatch,
    &sql::kRollBackBatch,
    &sql::kBeginPart,
    &sql::kEndPart,
    &sql::kUndoPart,
    &sql::kInsertBatchJobs,
    &sql::kCountOperations,
    &sql::kInsertWebhookDeliveries,
});

int64_t Number(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool Says(const absl::Status& status, const std::string& sqlstate) {
  const ErrorMetadata metadata = MetadataOf(status);
  const auto found = metadata.find("sqlstate");
  return found != metadata.end() && found->second == sqlstate;
}

// Gives what the statements refuse with the meaning that JobStore::Commit promises.
absl::Status Translated(const absl::Status& status, const WriteBatch& batch) {
  if (Says(status, kAnotherLeads)) {
    return MakeError(absl::StatusCode::kAborted, "NOT_LEADER",
                     "another scheduler leads: epoch " + std::to_string(batch.epoch) + " is over");
  }
  if (Says(status, kFenced)) {
    return MakeError(absl::StatusCode::kAborted, "FENCED", MessageOf(status));
  }
  if (Says(status, kOutOfOrder)) {
    return MakeError(absl::StatusCode::kUnavailable, "BATCH_OUT_OF_ORDER", MessageOf(status));
  }
  return status;
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

absl::StatusOr<BatchVerdict> BatchWriter::Write(const WriteBatch& batch, std::optional<Calls> whole,
                                                absl::Duration leadership_ttl) {
  DQ_RETURN_IF_ERROR(CheckHeard(batch));
  absl::StatusOr<Verdicts> verdicts;
  if (whole.has_value()) {
    // What one round trip holds is one transaction, without being told so.
    Calls calls;
    calls.push_back(Fence(batch, leadership_ttl));
    for (PipelineCall& call : *whole) calls.push_back(std::move(call));
    verdicts = InTransaction([&]() -> absl::StatusOr<Verdicts> {
      DQ_RETURN_IF_ERROR(connection_->Run(calls).status());
      return Verdicts(batch.inserts.size());
    });
  }
  if (!whole.has_value() || Says(verdicts.status(), kUniqueViolation)) {
    verdicts = InTransaction([&] { return WriteCarefully(batch, leadership_ttl); });
  }
  if (verdicts.ok()) ForgetRefusals(batch);
  if (IsRefusedData(verdicts.status())) {
    verdicts = InTransaction([&] { return WriteTaken(batch, leadership_ttl); });
  }
  const bool was_written = Says(verdicts.status(), kWrittenAlready);
  const BatchVerdict* const refused = FindRefusals(batch);
  if (refused != nullptr && (verdicts.ok() || was_written)) return *refused;
  if (was_written) verdicts = InTransaction([&] { return JudgeInserts(batch); });
  if (!verdicts.ok()) return Translated(verdicts.status(), batch);
  return BatchVerdict{*std::move(verdicts), {}};
}

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::InTransaction(const Body& body) {
  absl::StatusOr<Verdicts> verdicts;
  for (int i = 0; i < kConflictTriesMax; ++i) {
    verdicts = InTransactionOnce(body);
    if (!IsTransactionConflict(verdicts.status())) return verdicts;
  }
  return MakeError(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                   MessageOf(verdicts.status()));
}

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::InTransactionOnce(const Body& body) {
  DQ_RETURN_IF_ERROR(Connect());
  absl::StatusOr<Verdicts> verdicts = body();
  if (verdicts.ok()) return verdicts;
  const bool usable =
      !absl::IsUnavailable(verdicts.status()) &&
      (!connection_->IsInTransaction() || connection_->Run({{&sql::kRollBackBatch, {}}}).ok());
  if (!usable) connection_.reset();
  return verdicts;
}

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::WriteCarefully(const WriteBatch& batch,
                                                                  absl::Duration leadership_ttl) {
  Calls before;
  before.push_back({&sql::kBeginBatch, {}});
  before.push_back(Fence(batch, leadership_ttl));
  return WriteRows(batch, std::move(before), {&sql::kCommitBatch, {}});
}

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::WriteRows(const WriteBatch& batch, Calls before,
                                                             PipelineCall after) {
  const size_t inserting = before.size();
  for (PipelineCall& call : DecidingCalls(batch)) before.push_back(std::move(call));
  DQ_ASSIGN_OR_RETURN(const std::vector<PipelineResult> results, connection_->Run(before));
  Verdicts verdicts(batch.inserts.size());
  if (results[inserting].rows.size() != batch.inserts.size()) {
    DQ_ASSIGN_OR_RETURN(verdicts, JudgeInserts(batch));
  }
  Calls rest = FollowingCalls(batch, Inserted(batch, verdicts));
  rest.push_back(std::move(after));
  DQ_RETURN_IF_ERROR(connection_->Run(rest).status());
  return verdicts;
}

PipelineCall BatchWriter::Fence(const WriteBatch& batch, absl::Duration leadership_ttl) const {
  Parameters p;
  p.AddValue(cell_);
  p.AddValue(batch.epoch);
  p.AddValue(batch.sequence);
  p.AddValue(batch.after);
  p.AddValue(absl::ToInt64Microseconds(leadership_ttl));
  return {&sql::kFenceBatch, std::move(p)};
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
  limits.AddValue(std::to_string(absl::ToInt64Milliseconds(timeout_)));
  limits.AddValue(std::to_string(absl::ToInt64Milliseconds(timeout_)));
  Parameters planner;
  planner.AddValue("force_generic_plan");
  const auto set = connection->Run({{&sql::kSetSessionLimits, std::move(limits)},
                                    {&sql::kSetSessionPlanner, std::move(planner)}});
  DQ_RETURN_IF_ERROR(set.status());
  connection_ = std::move(connection);
  return absl::OkStatus();
}

}  // namespace dq
