// Files.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/fake_tables.h"

namespace dq {

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
  if (IsSharedLocked({project, id}, 0)) return InUse(id, "a job that has it from another");
  const auto row = files_.rows.find({project, id});
  const bool is_owed =
      row != files_.rows.end() && row->second.record.uri.starts_with("file:///projects/");
  if (is_owed) OweFileLocked(project, row->second.record.uri);
  EraseFileLocked({project, id});
  return absl::OkStatus();
}

bool FakeStore::IsSharedLocked(const Name& file, JobKey but) const {
  return producers_.contains(file) && std::ranges::any_of(jobs_, [&](const auto& other) {
           const JobRecord& job = other.second;
           return job.key != but && job.name.project == file.first && job.result &&
                  job.key != producers_.at(file) &&
                  std::ranges::count(job.result->outputs, file.second, &JobOutput::file_id) > 0;
         });
}

void FakeStore::EraseFileLocked(const Name& name) {
  const auto row = files_.rows.find(name);
  if (row == files_.rows.end()) return;
  files_.id_of_request.erase({name.first, row->second.record.request_id});
  files_.rows.erase(row);
  producers_.erase(name);
}

}  // namespace dq
