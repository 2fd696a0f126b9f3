// A batch of which the database refuses a row for its data: taken apart in halves, each undone when
// it is refused, until single rows are left. All of it is one fenced transaction.
#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "scheduler/core/refused_change.h"
#include "scheduler/store/batch_writer.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/sql_error.h"

namespace dq {
namespace {

constexpr char kResultGone[] = "22D01";  // Of hold_result_files.

// What the caller is told: the value is wrong, not the database.
absl::Status Refusal(const absl::Status& why) {
  const ErrorMetadata metadata = MetadataOf(why);
  if (const auto code = metadata.find("sqlstate");
      code != metadata.end() && code->second == kResultGone) {
    return MakeError(absl::StatusCode::kUnavailable, "EARLIER_RESULT_GONE",
                     "the earlier result was deleted meanwhile; try again");
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "ROW_REFUSED",
                   "A value cannot be recorded. " + MessageOf(why), metadata);
}

}  // namespace

absl::StatusOr<BatchWriter::Verdicts> BatchWriter::WriteTaken(const WriteBatch& batch,
                                                              absl::Duration leadership_ttl) {
  Calls begin;
  begin.push_back({&sql::kBeginBatch, {}});
  begin.push_back(Fence(batch, leadership_ttl));
  DQ_RETURN_IF_ERROR(connection_->Run(begin).status());
  BatchVerdict verdict;
  verdict.inserts.resize(batch.inserts.size());
  // All of it together has just been refused.
  DQ_RETURN_IF_ERROR(WriteHalves(batch, PartsOf(batch), verdict));
  // Before the commit, whose answer may be lost.
  ForgetRefusals(batch);
  refusals_.push_back({batch.epoch, batch.sequence, verdict});
  DQ_RETURN_IF_ERROR(connection_->Run({{&sql::kCommitBatch, {}}}).status());
  return verdict.inserts;
}

absl::Status BatchWriter::WriteParts(const WriteBatch& whole, std::span<const BatchPart> parts,
                                     BatchVerdict& verdict) {
  if (parts.empty()) return absl::OkStatus();
  absl::StatusOr<Verdicts> written =
      WriteRows(BatchOf(whole, parts), {{&sql::kBeginPart, {}}}, {&sql::kEndPart, {}});
  if (written.ok()) {
    auto next = written->begin();
    for (const BatchPart& part : parts) {
      if (part.is_insert) verdict.inserts[part.insert] = std::move(*next++);
    }
    return absl::OkStatus();
  }
  if (!IsRefusedData(written.status())) return written.status();
  DQ_RETURN_IF_ERROR(connection_->Run({{&sql::kUndoPart, {}}, {&sql::kEndPart, {}}}).status());
  if (parts.size() == 1) return Refuse(whole, parts.front(), Refusal(written.status()), verdict);
  return WriteHalves(whole, parts, verdict);
}

absl::Status BatchWriter::WriteHalves(const WriteBatch& whole, std::span<const BatchPart> parts,
                                      BatchVerdict& verdict) {
  const size_t half = parts.size() / 2;
  DQ_RETURN_IF_ERROR(WriteParts(whole, parts.first(half), verdict));
  return WriteParts(whole, parts.subspan(half), verdict);
}

absl::Status BatchWriter::Refuse(const WriteBatch& whole, const BatchPart& part,
                                 const absl::Status& why, BatchVerdict& verdict) {
  Log(LogLevel::kWarning, "row refused", {{"key", part.key}, {"message", MessageOf(why)}});
  if (part.is_insert) {
    verdict.inserts[part.insert] = {InsertOutcome::kRefused, 0, why};
    return absl::OkStatus();
  }
  verdict.refused.push_back({part.key, why});
  if (part.update == nullptr) return absl::OkStatus();
  const std::optional<JobUpdate> end = RefusedEnd(*part.update, why);
  if (!end) return absl::OkStatus();
  BatchPart instead = {.key = part.key, .update = &*end};
  instead.drops_checkpoint = part.drops_checkpoint && end->status.state != JobState::kFailed;
  const absl::Status ended =
      WriteRows(BatchOf(whole, {&instead, 1}), {{&sql::kBeginPart, {}}}, {&sql::kEndPart, {}})
          .status();
  if (!IsRefusedData(ended)) return ended;
  // Not even that: the job stays as it is, and the leader sees that it rests on it.
  return connection_->Run({{&sql::kUndoPart, {}}, {&sql::kEndPart, {}}}).status();
}

const BatchVerdict* BatchWriter::FindRefusals(const WriteBatch& batch) const {
  for (const Refusals& refusals : refusals_) {
    if (refusals.epoch == batch.epoch && refusals.sequence == batch.sequence)
      return &refusals.verdict;
  }
  return nullptr;
}

void BatchWriter::ForgetRefusals(const WriteBatch& batch) {
  std::erase_if(refusals_, [&](const Refusals& refusals) {
    return refusals.epoch == batch.epoch && refusals.sequence == batch.sequence;
  });
}

absl::Status BatchWriter::CheckHeard(const WriteBatch& batch) {
  std::erase_if(refusals_, [&](const Refusals& refusals) {
    const bool was_heard = refusals.epoch == batch.epoch && refusals.sequence <= batch.heard;
    return was_heard || refusals.epoch < batch.epoch;
  });
  std::vector<JobKey> keys;
  for (const Refusals& refusals : refusals_) {
    if (refusals.sequence >= batch.sequence) continue;
    for (const RefusedKey& refused : refusals.verdict.refused) keys.push_back(refused.key);
  }
  if (!Changes(batch, keys)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "FENCED",
                   "the batch changes a job of which an earlier change was refused");
}

}  // namespace dq
