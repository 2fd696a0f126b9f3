#include "scheduler/store/postgres_catalog_store.h"

#include "common/base/error.h"
#include "common/base/status_macros.h"
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

ReferenceRecord ReadReference(const pqxx::row& row) {
  return {.project = row["project"].c_str(),
          .id = row["id"].c_str(),
          .stage = row["stage"].c_str(),
          .file_id = row["file_id"].c_str(),
          .key_columns = ListFromJson(row["key_columns"].c_str()),
          .display_name = row["display_name"].c_str(),
          .request_id = row["request_id"].c_str(),
          .created_by = row["created_by"].c_str(),
          .create_time = ReadTime(row["create_time"])};
}

absl::Status NotFound(std::string_view reason, std::string_view kind, const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, reason,
                   "there is no " + std::string(kind) + " " + id);
}

absl::Status RequestIdReused() {
  return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   "the request id was used before, for something else");
}

absl::Status IdTaken(const std::string& id) {
  return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN", id + " exists already");
}

absl::Status InUse(const std::string& id, std::string_view by) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE",
                   id + " is needed by " + std::string(by));
}

absl::Status FileNotReady(const std::string& id) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_NOT_READY",
                   "there is no file " + id);
}

pqxx::result InsertFile(Transaction& transaction, const FileRecord& file) {
  return transaction.Run(sql::kInsertFile, file.project, file.id, file.request_id,
                         StorableText(file.display_name), StorableText(file.uri), file.size_bytes,
                         file.sha256, file.produced_by, StorableText(file.created_by),
                         TimeText(file.create_time));
}

pqxx::result InsertReference(Transaction& transaction, const ReferenceRecord& reference) {
  return transaction.Run(sql::kInsertReference, reference.project, reference.id,
                         reference.request_id, StorableText(reference.stage), reference.file_id,
                         ToJson(reference.key_columns), StorableText(reference.display_name),
                         StorableText(reference.created_by), TimeText(reference.create_time));
}

bool SameBody(const FileRecord& a, const FileRecord& b) { return a.sha256 == b.sha256; }
bool SameBody(const ReferenceRecord& a, const ReferenceRecord& b) {
  return a.stage == b.stage && a.file_id == b.file_id && a.key_columns == b.key_columns;
}

// Returns whether it was the same call that wrote `a`: its answer was lost and it was repeated.
bool IsSameCall(const FileRecord& a, const FileRecord& b) {
  return a.id == b.id && a.uri == b.uri && TimeText(a.create_time) == TimeText(b.create_time);
}
bool IsSameCall(const ReferenceRecord& a, const ReferenceRecord& b) {
  return a.id == b.id && TimeText(a.create_time) == TimeText(b.create_time);
}

// Returns what an insert that met an existing row means, given the row of its request id, if any.
template <typename Record>
absl::StatusOr<Created<Record>> Existing(const Record& wanted, const std::vector<Record>& earlier) {
  if (earlier.empty()) return IdTaken(wanted.id);
  if (!SameBody(earlier[0], wanted)) return RequestIdReused();
  return Created<Record>{earlier[0], /*existed=*/!IsSameCall(earlier[0], wanted)};
}

template <typename Read>
auto ReadAll(const pqxx::result& rows, Read read) {
  std::vector<decltype(read(rows[0]))> records;
  for (const pqxx::row& row : rows) records.push_back(read(row));
  return records;
}

}  // namespace

absl::StatusOr<Created<FileRecord>> PostgresCatalogStore::CreateFile(const FileRecord& file) {
  absl::StatusOr<Created<FileRecord>> created = Created<FileRecord>{file, /*existed=*/false};
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    if (!InsertFile(transaction, file).empty()) return absl::OkStatus();
    const auto rows = transaction.Run(sql::kFindFileByRequest, file.project, file.request_id);
    created = Existing(file, ReadAll(rows, ReadFile));
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<FileRecord> PostgresCatalogStore::GetFile(const std::string& project,
                                                         const std::string& id) {
  std::vector<FileRecord> files;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    files = ReadAll(transaction.Run(sql::kGetFile, project, id), ReadFile);
    return absl::OkStatus();
  }));
  if (files.empty()) return NotFound("FILE_NOT_FOUND", "file", id);
  return files[0];
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
    if (transaction.Run(sql::kDeleteFile, project, id).affected_rows() == 1 ||
        transaction.Run(sql::kGetFile, project, id).empty()) {
      return absl::OkStatus();
    }
    return InUse(id, "a reference or a job that has not finished");
  });
}

absl::StatusOr<Created<ReferenceRecord>> PostgresCatalogStore::CreateReference(
    const ReferenceRecord& reference) {
  absl::StatusOr<Created<ReferenceRecord>> created =
      Created<ReferenceRecord>{reference, /*existed=*/false};
  const absl::Status status = sessions_.Take()->Run([&](Transaction& transaction) {
    if (!InsertReference(transaction, reference).empty()) return absl::OkStatus();
    if (transaction.Run(sql::kGetFile, reference.project, reference.file_id).empty()) {
      return FileNotReady(reference.file_id);
    }
    const auto rows =
        transaction.Run(sql::kFindReferenceByRequest, reference.project, reference.request_id);
    created = Existing(reference, ReadAll(rows, ReadReference));
    return absl::OkStatus();
  });
  if (ReasonOf(status) == "IN_USE") return FileNotReady(reference.file_id);  // Deleted meanwhile.
  DQ_RETURN_IF_ERROR(status);
  return created;
}

absl::StatusOr<ReferenceRecord> PostgresCatalogStore::GetReference(const std::string& project,
                                                                   const std::string& id) {
  std::vector<ReferenceRecord> references;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    references = ReadAll(transaction.Run(sql::kGetReference, project, id), ReadReference);
    return absl::OkStatus();
  }));
  if (references.empty()) return NotFound("REFERENCE_NOT_FOUND", "reference", id);
  return references[0];
}

absl::StatusOr<std::vector<ReferenceRecord>> PostgresCatalogStore::ListReferences(
    const std::string& project, const std::string& before_id, int limit) {
  std::vector<ReferenceRecord> references;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    references =
        ReadAll(transaction.Run(sql::kListReferences, project, before_id, limit), ReadReference);
    return absl::OkStatus();
  }));
  return references;
}

absl::Status PostgresCatalogStore::DeleteReference(const std::string& project,
                                                   const std::string& id) {
  return sessions_.Take()->Run([&](Transaction& transaction) {
    if (transaction.Run(sql::kDeleteReference, project, id).affected_rows() == 1 ||
        transaction.Run(sql::kGetReference, project, id).empty()) {
      return absl::OkStatus();
    }
    return InUse(id, "a job that has not finished");
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
