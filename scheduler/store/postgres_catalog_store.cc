#include "scheduler/store/postgres_catalog_store.h"

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/catalog_rows.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

FileRecord ReadFile(const pqxx::row& row) {
  return {.project = row["project"].c_str(),
          .id = row["id"].c_str(),
          .display_name = row["display_name"].c_str(),
          .uri = row["uri"].c_str(),
          .size_bytes = row["size_bytes"].as<int64_t>(),
          .sha256 = row["sha256"].c_str(),
          .produced_by = row["produced_by"].c_str(),
          .request_id = row["request_id"].c_str(),
          .created_by = row["created_by"].c_str(),
          .create_time = ReadTime(row["create_time"])};
}

pqxx::result InsertFile(Transaction& transaction, const FileRecord& file) {
  return transaction.Run(sql::kInsertFile, file.project, file.id, file.request_id,
                         StorableText(file.display_name), StorableText(file.uri), file.size_bytes,
                         file.sha256, file.produced_by, StorableText(file.created_by),
                         TimeText(file.create_time));
}

bool SameBody(const FileRecord& a, const FileRecord& b) { return a.sha256 == b.sha256; }

// Returns whether it was the same call that wrote `a`: its answer was lost and it was repeated.
bool IsSameCall(const FileRecord& a, const FileRecord& b) {
  return a.id == b.id && a.uri == b.uri && TimeText(a.create_time) == TimeText(b.create_time);
}

}  // namespace

absl::StatusOr<Created<FileRecord>> PostgresCatalogStore::CreateFile(const FileRecord& file) {
  absl::StatusOr<Created<FileRecord>> created = Created<FileRecord>{file, /*existed=*/false};
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    if (!InsertFile(transaction, file).empty()) return absl::OkStatus();
    const auto rows = transaction.Run(sql::kFindFileByRequest, file.project, file.request_id);
    created = Existing(file, ReadAll(rows, ReadFile), SameBody, IsSameCall);
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<FileRecord> PostgresCatalogStore::GetFile(const std::string& project,
                                                         const std::string& id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetFile, project, id);
                      }));
  if (rows.empty()) return CatalogNotFound("FILE_NOT_FOUND", "file", id);
  return ReadFile(rows[0]);
}

absl::StatusOr<std::vector<FileRecord>> PostgresCatalogStore::ListFiles(
    const std::string& project, const std::string& before_id, int limit) {
  std::vector<FileRecord> files;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    files = ReadAll(transaction.Run(sql::kListFiles, project, before_id, limit), ReadFile);
    return absl::OkStatus();
  }));
  return files;
}

absl::Status PostgresCatalogStore::DeleteFile(const std::string& project, const std::string& id) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    transaction.Run(sql::kLockFiles, project, ToJson(std::vector<std::string>{id}));
    if (!transaction.Run(sql::kDeleteFile, project, id).empty() ||
        transaction.Run(sql::kGetFile, project, id).empty()) {
      return absl::OkStatus();
    }
    return InUse(id,
                 "a reference, a job that has not finished, or one that has the result of another");
  });
}

absl::Status PostgresCatalogStore::SaveLimit(const GroupLimit& limit, int64_t epoch) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    const auto rows =
        transaction.Run(sql::kSaveGroupLimit, static_cast<int16_t>(limit.kind), limit.name,
                        limit.running_max, limit.live_max, limit.weight, cell_, epoch);
    if (rows.affected_rows() == 1) return absl::OkStatus();
    return MakeError(absl::StatusCode::kAborted, "NOT_LEADER",
                     "another scheduler leads: epoch " + std::to_string(epoch) + " is over");
  });
}

}  // namespace dq
