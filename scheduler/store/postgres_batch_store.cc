#include "scheduler/store/postgres_batch_store.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/made_before.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

// Operations that one statement records.
constexpr size_t kOperationsAtOnceMax = 5000;

// Returns the literal of a bytea[].
std::string BytesArray(std::span<const std::string> values) {
  std::string literal = "{";
  for (const std::string& bytes : values) {
    if (literal.size() > 1) literal += ',';
    literal += "\"\\" + BytesText(bytes) + "\"";
  }
  return literal + "}";
}

BatchRecord ReadBatch(const pqxx::row& row) {
  BatchRecord batch;
  batch.key = row["key"].as<BatchKey>();
  batch.project = row["project"].c_str();
  batch.id = row["id"].c_str();
  batch.uid = row["uid"].c_str();
  batch.request_id = row["request_id"].c_str();
  batch.request_hash = row["request_hash"].c_str();
  batch.display_name = row["display_name"].c_str();
  batch.labels = MapFromJson(row["labels"].c_str());
  batch.created_by = row["created_by"].c_str();
  batch.mode = static_cast<BatchMode>(row["mode"].as<int16_t>());
  batch.max_parallel = row["max_parallel"].as<int32_t>();
  batch.stop_on_error = row["stop_on_error"].as<bool>();
  batch.operations = row["operations"].as<int32_t>();
  batch.create_time = ReadTime(row["create_time"]);
  batch.desire = static_cast<BatchDesire>(row["desire"].as<int16_t>());
  batch.made = row["made"].as<int32_t>();
  batch.refused = row["refused"].as<int32_t>();
  batch.reopen_from = row["reopen_from"].as<int32_t>();
  batch.retries = row["retries"].as<int32_t>();
  batch.actor = row["actor"].c_str();
  batch.reason = row["reason"].c_str();
  batch.run_time = ReadTime(row["run_time"]);
  batch.run_completed = row["run_completed"].as<int32_t>();
  batch.end_time = ReadTime(row["end_time"]);
  batch.version = row["version"].as<int64_t>();
  batch.expansion = static_cast<BatchExpansion>(row["expansion"].as<int16_t>());
  batch.found = row["found"].as<int32_t>();
  batch.expanded_to = row["expanded_to"].c_str();
  batch.halt_reason = row["halt_reason"].c_str();
  batch.halt_message = row["halt_message"].c_str();
  return batch;
}

BatchView ReadView(const pqxx::row& row) {
  BatchView view;
  view.record = ReadBatch(row);
  if (!row["jobs"].is_null()) view.jobs = StateCountsFromJson(row["jobs"].c_str());
  return view;
}

std::vector<BatchOperation> ReadOperations(const pqxx::result& rows) {
  std::vector<BatchOperation> operations;
  for (const pqxx::row& row : rows) {
    operations.push_back({row["index"].as<int32_t>(), pqxx::binarystring(row["request"]).str(),
                          row["refusal"].c_str(), row["job"].as<JobKey>()});
  }
  return operations;
}

absl::Status NotFound(const std::string& batch) {
  return MakeError(absl::StatusCode::kNotFound, "BATCH_NOT_FOUND",
                   "there is no batch " + batch + "; ListBatches names those there are",
                   {{"batch", batch}});
}

absl::StatusOr<BatchView> OnlyView(const pqxx::result& rows, const std::string& batch) {
  if (rows.empty()) return NotFound(batch);
  return ReadView(rows[0]);
}

pqxx::result InsertBatch(Transaction& transaction, const BatchRecord& batch) {
  return transaction.Run(sql::kInsertBatch, batch.project, batch.id, batch.uid, batch.request_id,
                         batch.request_hash, StorableText(batch.display_name), ToJson(batch.labels),
                         StorableText(batch.created_by), static_cast<int16_t>(batch.mode),
                         batch.max_parallel, batch.stop_on_error, batch.operations,
                         TimeText(batch.create_time), static_cast<int16_t>(batch.expansion));
}

// Records operations after the first `before` ones.
void InsertOperations(Transaction& transaction, BatchKey batch, int32_t before,
                      std::span<const std::string> requests) {
  while (!requests.empty()) {
    const size_t count = std::min(requests.size(), kOperationsAtOnceMax);
    transaction.Run(sql::kInsertOperations, batch, before, BytesArray(requests.first(count)));
    before += static_cast<int32_t>(count);
    requests = requests.subspan(count);
  }
}

absl::Status Changed(const BatchRecord& batch) {
  return MakeError(absl::StatusCode::kAborted, "BATCH_CHANGED",
                   "the batch " + batch.id + " has changed meanwhile");
}

std::optional<BatchRecord> FirstBatch(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return ReadBatch(rows[0]);
}

absl::StatusOr<Created<BatchRecord>> Existing(Transaction& transaction, const BatchRecord& wanted) {
  return MadeBefore(
      "batch", wanted,
      FirstBatch(transaction.Run(sql::kFindBatchByRequest, wanted.project, wanted.request_id)),
      FirstBatch(transaction.Run(sql::kGetBatch, wanted.project, wanted.id)));
}

}  // namespace

absl::StatusOr<Created<BatchRecord>> PostgresBatchStore::CreateBatch(
    const BatchRecord& batch, const std::vector<std::string>& requests) {
  absl::StatusOr<Created<BatchRecord>> created = Created<BatchRecord>{batch, /*existed=*/false};
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const pqxx::result rows = InsertBatch(transaction, batch);
    if (rows.empty()) {
      created = Existing(transaction, batch);
      return absl::OkStatus();
    }
    created->record.key = rows[0][0].as<BatchKey>();
    InsertOperations(transaction, created->record.key, 0, requests);
    if (!batch.source.empty()) {
      transaction.Run(sql::kInsertBatchSource, created->record.key, BytesText(batch.source));
    }
    created->record.source.clear();
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<BatchView> PostgresBatchStore::GetBatch(const std::string& project,
                                                       const std::string& id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetBatch, project, id);
                      }));
  return OnlyView(rows, id);
}

absl::StatusOr<BatchView> PostgresBatchStore::GetBatchByKey(BatchKey key) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetBatchByKey, key);
                      }));
  return OnlyView(rows, std::to_string(key));
}

absl::StatusOr<BatchView> PostgresBatchStore::GetBatchByRequest(const std::string& project,
                                                                const std::string& request_id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kFindBatchByRequest, project, request_id);
                      }));
  return OnlyView(rows, "of the request " + request_id);
}

absl::StatusOr<std::vector<BatchView>> PostgresBatchStore::ListBatches(const std::string& project,
                                                                       BatchKey before, int limit) {
  const BatchKey below = before == 0 ? std::numeric_limits<BatchKey>::max() : before;
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListBatches, project, below, limit);
                      }));
  std::vector<BatchView> batches;
  for (const pqxx::row& row : rows) batches.push_back(ReadView(row));
  return batches;
}

absl::StatusOr<std::vector<BatchKey>> PostgresBatchStore::ListOpenBatches() {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListOpenBatches);
                      }));
  std::vector<BatchKey> keys;
  for (const pqxx::row& row : rows) keys.push_back(row[0].as<BatchKey>());
  return keys;
}

absl::Status PostgresBatchStore::UpdateBatch(const BatchRecord& batch,
                                             const std::vector<BatchOperation>& refused) {
  return Write(batch, refused, std::nullopt);
}

absl::Status PostgresBatchStore::EndBatch(const BatchRecord& batch, BatchState state) {
  return Write(batch, {}, WebhookEventOf(state));
}

absl::Status PostgresBatchStore::Write(const BatchRecord& batch,
                                       const std::vector<BatchOperation>& refused,
                                       std::optional<WebhookEvent> event) {
  std::map<std::string, std::string> refusals;
  for (const BatchOperation& operation : refused) {
    refusals[std::to_string(operation.index)] = operation.refusal;
  }
  const std::string end_time =
      batch.end_time == absl::InfinitePast() ? "" : TimeText(batch.end_time);
  const int16_t told_as = event.has_value() ? static_cast<int16_t>(*event) : int16_t{0};
  return sessions_.Take()->Run([&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kUpdateBatch, batch.key, batch.version,
                                      static_cast<int16_t>(batch.desire), batch.made, batch.refused,
                                      batch.reopen_from, batch.retries, StorableText(batch.actor),
                                      StorableText(batch.reason), TimeText(batch.run_time),
                                      batch.run_completed, end_time, told_as);
    if (rows.empty()) return Changed(batch);
    if (!refusals.empty()) {
      transaction.Run(sql::kRefuseOperations, batch.key, ToJson(refusals));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> PostgresBatchStore::GetBatchSource(BatchKey key) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetBatchSource, key);
                      }));
  return rows.empty() ? std::string() : pqxx::binarystring(rows[0]["source"]).str();
}

absl::Status PostgresBatchStore::ExpandBatch(const BatchRecord& batch, const ExpansionPage& page) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    const auto added = static_cast<int32_t>(page.requests.size());
    const auto rows = transaction.Run(sql::kExpandBatch, batch.key, batch.operations, added,
                                      static_cast<int16_t>(page.expansion), page.found,
                                      StorableText(page.expanded_to), page.halt_reason,
                                      StorableText(page.halt_message));
    if (rows.empty()) return Changed(batch);
    if (!page.files.empty()) {
      transaction.Run(sql::kInsertFiles, ToJson(page.files),
                      TimeText(page.files.front().create_time));
    }
    InsertOperations(transaction, batch.key, batch.operations, page.requests);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<BatchOperation>> PostgresBatchStore::LoadOperations(BatchKey key,
                                                                               int32_t after,
                                                                               int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kLoadOperations, key, after, limit);
                      }));
  return ReadOperations(rows);
}

absl::StatusOr<std::vector<BatchOperation>> PostgresBatchStore::ListRefusedOperations(BatchKey key,
                                                                                      int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListRefusedOperations, key, limit);
                      }));
  return ReadOperations(rows);
}

absl::StatusOr<std::vector<OperationJob>> PostgresBatchStore::ListOperationJobs(
    BatchKey key, int32_t after, const std::vector<JobState>& states, int limit) {
  std::vector<JobKey> numbers;
  for (const JobState state : states) numbers.push_back(static_cast<JobKey>(state));
  DQ_ASSIGN_OR_RETURN(
      const pqxx::result rows, sessions_.Take()->Query([&](Transaction& transaction) {
        return transaction.Run(sql::kListOperationJobs, key, after, ToJson(numbers), limit);
      }));
  std::vector<OperationJob> jobs;
  for (const pqxx::row& row : rows) {
    jobs.push_back({row["index"].as<int32_t>(),
                    row["key"].as<JobKey>(),
                    {row["project"].c_str(), row["id"].c_str()},
                    static_cast<JobState>(row["state"].as<int16_t>())});
  }
  return jobs;
}

}  // namespace dq
