#include "scheduler/store/postgres_operator_store.h"

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

absl::Status AnotherLeads(int64_t epoch) {
  return MakeError(absl::StatusCode::kAborted, "NOT_LEADER",
                   "another scheduler leads: epoch " + std::to_string(epoch) + " is over");
}

}  // namespace

absl::StatusOr<WorkerDrain> PostgresOperatorStore::SaveDrain(const std::string& worker,
                                                             const OperatorWord& word,
                                                             int64_t epoch) {
  WorkerDrain drain;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kSaveWorkerDrain, worker, StorableText(word.actor),
                                      StorableText(word.reason), TimeText(word.time), cell_, epoch);
    if (rows.empty()) return AnotherLeads(epoch);
    drain = ReadDrain(rows[0]);
    return absl::OkStatus();
  }));
  return drain;
}

absl::Status PostgresOperatorStore::EndDrain(const std::string& worker, const OperatorWord& word,
                                             int64_t epoch) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kEndWorkerDrain, worker, StorableText(word.actor),
                                      StorableText(word.reason), TimeText(word.time), cell_, epoch);
    return rows.empty() ? AnotherLeads(epoch) : absl::OkStatus();
  });
}

absl::Status PostgresOperatorStore::AddEvent(const OperatorAction& action,
                                             const OperatorWord& word) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    transaction.Run(sql::kInsertOperatorEvent, TimeText(word.time), StorableText(word.actor),
                    action.action, StorableText(action.subject), StorableText(word.reason),
                    ToJson(action.detail));
    return absl::OkStatus();
  });
}

}  // namespace dq
