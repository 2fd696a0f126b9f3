// Files and references.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

absl::Status InUse(const std::string& id, std::string_view by) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE",
                   id + " is needed by " + std::string(by) + ".");
}

template <typename Row>
absl::StatusOr<decltype(Row::record)> RecordOf(
    const std::map<std::pair<std::string, std::string>, Row>& rows, const std::string& project,
    const std::string& id, std::string_view reason) {
  const auto found = rows.find({project, id});
  if (found == rows.end()) {
    return MakeError(absl::StatusCode::kNotFound, reason, "There is no " + id + ".");
  }
  return found->second.record;
}

bool IsSameCall(const FileRecord& a, const FileRecord& b) {
  return a.id == b.id && a.uri == b.uri && a.create_time == b.create_time;
}
bool IsSameCall(const ReferenceRecord& a, const ReferenceRecord& b) {
  return a.id == b.id && a.create_time == b.create_time;
}

}  // namespace

template <typename Record, typename SameBody>
absl::StatusOr<Created<Record>> FakeStore::CreateLocked(Table<Record>& table, const Record& record,
                                                        SameBody same_body) {
  const Name request = {record.project, record.request_id};
  if (const auto earlier = table.id_of_request.find(request);
      earlier != table.id_of_request.end()) {
    const Record& existing = table.rows.at({record.project, earlier->second}).record;
    const bool same_call = IsSameCall(existing, record);
    if (same_body(existing)) return Created<Record>{existing, !same_call};
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "The request id was used with another body.");
  }
  const Name name = {record.project, record.id};
  if (!table.rows.try_emplace(name, Row<Record>{record, next_age_}).second) {
    return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN", record.id + " exists already.");
  }
  ++next_age_;
  table.id_of_request[request] = record.id;
  return Created<Record>{record, false};
}

template <typename Record>
std::vector<Record> FakeStore::ListLocked(const Table<Record>& table, const std::string& project,
                                          const std::string& before_id, int limit) const {
  const auto before = table.rows.find({project, before_id});
  std::vector<const Row<Record>*> rows;
  for (const auto& [name, row] : table.rows) {
    if (name.first != project) continue;
    if (before == table.rows.end() || row.age < before->second.age) rows.push_back(&row);
  }
  std::ranges::sort(rows, [](const auto* a, const auto* b) { return a->age > b->age; });
  std::vector<Record> records;
  for (const Row<Record>* row : rows) {
    if (std::ssize(records) < limit) records.push_back(row->record);
  }
  return records;
}

bool FakeStore::LiveJobNeedsLocked(const std::string& project,
                                   const std::vector<std::string> JobRecord::*ids,
                                   const std::string& id) const {
  return std::ranges::any_of(jobs_, [&](const auto& row) {
    const JobRecord& job = row.second;
    return job.name.project == project && !IsTerminal(job.status.state) &&
           std::ranges::count(job.*ids, id) > 0;
  });
}

absl::StatusOr<Created<FileRecord>> FakeStore::CreateFile(const FileRecord& file) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return CreateLocked(files_, file,
                      [&](const FileRecord& earlier) { return earlier.sha256 == file.sha256; });
}

absl::StatusOr<FileRecord> FakeStore::GetFile(const std::string& project, const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return RecordOf(files_.rows, project, id, "FILE_NOT_FOUND");
}

absl::StatusOr<std::vector<FileRecord>> FakeStore::ListFiles(const std::string& project,
                                                             const std::string& before_id,
                                                             int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return ListLocked(files_, project, before_id, limit);
}

absl::Status FakeStore::DeleteFile(const std::string& project, const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  if (LiveJobNeedsLocked(project, &JobRecord::file_ids, id)) return InUse(id, "a job");
  if (IsReferencedLocked(project, id)) return InUse(id, "a reference");
  EraseFileLocked({project, id});
  return absl::OkStatus();
}

bool FakeStore::IsReferencedLocked(const std::string& project, const std::string& file) const {
  return std::ranges::any_of(references_.rows, [&](const auto& row) {
    return row.first.first == project && row.second.record.file_id == file;
  });
}

void FakeStore::EraseFileLocked(const Name& name) {
  const auto row = files_.rows.find(name);
  if (row == files_.rows.end()) return;
  files_.id_of_request.erase({name.first, row->second.record.request_id});
  files_.rows.erase(row);
}

absl::StatusOr<Created<ReferenceRecord>> FakeStore::CreateReference(
    const ReferenceRecord& reference) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  if (!files_.rows.contains({reference.project, reference.file_id})) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_NOT_READY",
                     "There is no file " + reference.file_id + ".");
  }
  return CreateLocked(references_, reference, [&](const ReferenceRecord& earlier) {
    return earlier.file_id == reference.file_id && earlier.stage == reference.stage &&
           earlier.key_columns == reference.key_columns;
  });
}

absl::StatusOr<ReferenceRecord> FakeStore::GetReference(const std::string& project,
                                                        const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return RecordOf(references_.rows, project, id, "REFERENCE_NOT_FOUND");
}

absl::StatusOr<std::vector<ReferenceRecord>> FakeStore::ListReferences(const std::string& project,
                                                                       const std::string& before_id,
                                                                       int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return ListLocked(references_, project, before_id, limit);
}

absl::Status FakeStore::DeleteReference(const std::string& project, const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  if (LiveJobNeedsLocked(project, &JobRecord::reference_ids, id)) return InUse(id, "a job");
  const auto row = references_.rows.find({project, id});
  if (row == references_.rows.end()) return absl::OkStatus();
  references_.id_of_request.erase({project, row->second.record.request_id});
  references_.rows.erase(row);
  return absl::OkStatus();
}

}  // namespace dq
