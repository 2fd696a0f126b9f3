// References and their versions.
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/catalog_rows.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/postgres_catalog_store.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

ReferenceState ReadState(const pqxx::row& row) {
  return static_cast<ReferenceState>(row["state"].as<int16_t>());
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
          .create_time = ReadTime(row["create_time"]),
          .active = row["active"].as<bool>(),
          .wants_active = row["wants_active"].as<bool>(),
          .version = row["version"].as<int32_t>(),
          .state = ReadState(row),
          .newest_version = row["newest_version"].as<int32_t>(),
          .validation_job = "",
          .revision = row["revision"].as<int64_t>()};
}

ReferenceVersion ReadVersion(const pqxx::row& row) {
  return {.version = row["version"].as<int32_t>(),
          .file_id = row["file_id"].c_str(),
          .key_columns = ListFromJson(row["key_columns"].c_str()),
          .state = ReadState(row),
          .error = {.reason = row["error_reason"].c_str(),
                    .message = row["error_message"].c_str(),
                    .metadata = MapFromJson(row["error_metadata"].c_str())},
          .validation_job = row["validation_job"].c_str(),
          .created_by = row["created_by"].c_str(),
          .create_time = ReadTime(row["create_time"])};
}

ValidatingReference ReadValidating(const pqxx::row& row) {
  return {row["project"].c_str(), row["reference_id"].c_str(), ReadVersion(row)};
}

absl::Status NoReference(const std::string& id) {
  return CatalogNotFound("REFERENCE_NOT_FOUND", "reference", id);
}

absl::Status FileNotReady(const std::string& id) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_NOT_READY",
                   "there is no file " + id);
}

absl::Status Changed(const std::string& id) {
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                   "the reference " + id + " has changed since you saw it; look at it again");
}

// Once it was updated, what it was created with is not at hand.
bool IsSameBody(const ReferenceRecord& a, const ReferenceRecord& b) {
  return a.stage == b.stage &&
         (a.newest_version > 1 || (a.file_id == b.file_id && a.key_columns == b.key_columns));
}

bool IsSameCall(const ReferenceRecord& a, const ReferenceRecord& b) {
  return a.id == b.id && TimeText(a.create_time) == TimeText(b.create_time);
}

pqxx::result Insert(Transaction& transaction, const ReferenceRecord& reference) {
  return transaction.Run(sql::kInsertReference, reference.project, reference.id,
                         reference.request_id, StorableText(reference.stage), reference.file_id,
                         ToJson(reference.key_columns), StorableText(reference.display_name),
                         StorableText(reference.created_by), TimeText(reference.create_time),
                         reference.wants_active, static_cast<int16_t>(reference.state),
                         reference.validation_job);
}

// Makes a version current; a reference that waits to become active takes the place of the other.
void Promote(Transaction& transaction, const ReferenceRecord& reference, int32_t version) {
  if (reference.wants_active) {
    transaction.Run(sql::kDeactivateReference, reference.project, reference.stage, reference.id);
  }
  transaction.Run(sql::kPromoteReferenceVersion, reference.project, reference.id, version);
}

bool InsertVersion(Transaction& transaction, const ReferenceRecord& reference,
                   const ReferenceVersion& added) {
  return !transaction
              .Run(sql::kInsertReferenceVersion, reference.project, reference.id, added.version,
                   added.file_id, ToJson(added.key_columns), static_cast<int16_t>(added.state),
                   added.validation_job, StorableText(added.created_by),
                   TimeText(added.create_time))
              .empty();
}

}  // namespace

absl::StatusOr<Created<ReferenceRecord>> PostgresCatalogStore::CreateReference(
    const ReferenceRecord& reference) {
  absl::StatusOr<Created<ReferenceRecord>> created =
      Created<ReferenceRecord>{reference, /*existed=*/false};
  const absl::Status status = sessions_.Take()->Run([&](Transaction& transaction) {
    if (!Insert(transaction, reference).empty()) {
      if (IsUsable(reference.state) && reference.wants_active) {
        Promote(transaction, reference, reference.version);
        const auto rows = transaction.Run(sql::kGetReference, reference.project, reference.id);
        created->record = ReadReference(rows[0]);
      }
      return absl::OkStatus();
    }
    const auto rows =
        transaction.Run(sql::kFindReferenceByRequest, reference.project, reference.request_id);
    // A repetition is one also when the file was deleted since.
    if (rows.empty() &&
        transaction.Run(sql::kGetFile, reference.project, reference.file_id).empty()) {
      return FileNotReady(reference.file_id);
    }
    created = Existing(reference, ReadAll(rows, ReadReference), IsSameBody, IsSameCall);
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
  if (references.empty()) return NoReference(id);
  return references[0];
}

absl::StatusOr<ReferenceRecord> PostgresCatalogStore::GetActiveReference(const std::string& project,
                                                                         const std::string& stage) {
  std::vector<ReferenceRecord> references;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    references = ReadAll(transaction.Run(sql::kGetActiveReference, project, stage), ReadReference);
    return absl::OkStatus();
  }));
  if (references.empty()) return NoReference("that is active");
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

absl::StatusOr<std::vector<ReferenceVersion>> PostgresCatalogStore::ListReferenceVersions(
    const std::string& project, const std::string& id, int limit) {
  std::vector<ReferenceVersion> versions;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kListReferenceVersions, project, id, 0, limit);
    versions = ReadAll(rows, ReadVersion);
    return absl::OkStatus();
  }));
  return versions;
}

absl::StatusOr<ReferenceVersion> PostgresCatalogStore::GetReferenceVersion(
    const std::string& project, const std::string& id, int32_t version) {
  std::vector<ReferenceVersion> versions;
  DQ_RETURN_IF_ERROR(sessions_.Take()->Run([&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kListReferenceVersions, project, id, version, 1);
    versions = ReadAll(rows, ReadVersion);
    return absl::OkStatus();
  }));
  if (versions.empty()) return NoReference(id + " of version " + std::to_string(version));
  return versions[0];
}

absl::Status PostgresCatalogStore::UpdateReference(const ReferenceRecord& changed,
                                                   const std::optional<ReferenceVersion>& added) {
  const absl::Status status = sessions_.Take()->Run([&](Transaction& transaction) {
    if (changed.active) {
      transaction.Run(sql::kDeactivateReference, changed.project, changed.stage, changed.id);
    }
    const auto rows = transaction.Run(
        sql::kUpdateReference, changed.project, changed.id, changed.revision,
        StorableText(changed.display_name), changed.active, changed.wants_active, changed.version,
        changed.file_id, ToJson(changed.key_columns), changed.newest_version);
    if (rows.empty()) return Changed(changed.id);
    if (added && !InsertVersion(transaction, changed, *added)) return FileNotReady(added->file_id);
    return absl::OkStatus();
  });
  if (ReasonOf(status) == "IN_USE") return FileNotReady(changed.file_id);  // Deleted meanwhile.
  const ErrorMetadata metadata = MetadataOf(status);
  const auto sqlstate = metadata.find("sqlstate");
  // Another was activated at the same moment.
  if (sqlstate != metadata.end() && sqlstate->second == "23505") return Changed(changed.id);
  return status;
}

absl::StatusOr<std::vector<ValidatingReference>> PostgresCatalogStore::ListValidatingReferences(
    const ValidatingReference& after, int limit) {
  DQ_ASSIGN_OR_RETURN(
      const pqxx::result rows, sessions_.Take()->Query([&](Transaction& transaction) {
        return transaction.Run(sql::kListValidatingReferences, limit, after.project,
                               after.version.file_id, after.id, after.version.version);
      }));
  return ReadAll(rows, ReadValidating);
}

absl::Status PostgresCatalogStore::SettleReference(const ValidatingReference& settled) {
  const ReferenceVersion& version = settled.version;
  return sessions_.Take()->Run([&](Transaction& transaction) {
    const auto ended =
        transaction.Run(sql::kSettleReferenceVersion, settled.project, settled.id, version.version,
                        static_cast<int16_t>(version.state), version.error.reason,
                        StorableText(version.error.message), ToJson(version.error.metadata));
    if (ended.empty() || !IsUsable(version.state)) return absl::OkStatus();
    const auto rows = transaction.Run(sql::kGetReference, settled.project, settled.id);
    if (!rows.empty()) Promote(transaction, ReadReference(rows[0]), version.version);
    return absl::OkStatus();
  });
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

}  // namespace dq
