// References and their versions.
#include <algorithm>
#include <iterator>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/fake_tables.h"

namespace dq {
namespace {

absl::Status NoReference(const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, "REFERENCE_NOT_FOUND", "There is no " + id + ".");
}

absl::Status FileNotReady(const std::string& id) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "FILE_NOT_READY",
                   "There is no file " + id + ".");
}

void MakeCurrent(ReferenceRecord& record, const ReferenceVersion& version) {
  record.version = version.version;
  record.file_id = version.file_id;
  record.key_columns = version.key_columns;
  record.state = version.state;
}

}  // namespace

bool FakeStore::IsReferencedLocked(const std::string& project, const std::string& file_id) const {
  const bool is_current = std::ranges::any_of(references_.rows, [&](const auto& row) {
    return row.first.first == project && row.second.record.file_id == file_id;
  });
  return is_current || std::ranges::any_of(reference_versions_, [&](const auto& row) {
           return row.first.first == project &&
                  std::ranges::any_of(row.second, [&](const ReferenceVersion& version) {
                    return version.file_id == file_id &&
                           version.state == ReferenceState::kValidating;
                  });
         });
}

void FakeStore::ActivateLocked(ReferenceRecord& record) {
  for (auto& [name, row] : references_.rows) {
    ReferenceRecord& other = row.record;
    if (!other.active || name.first != record.project || other.stage != record.stage) continue;
    if (other.id == record.id) continue;
    other.active = false;
    ++other.revision;
  }
  record.active = true;
  record.wants_active = false;
}

absl::StatusOr<Created<ReferenceRecord>> FakeStore::CreateReference(
    const ReferenceRecord& reference) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const Name request = {reference.project, reference.request_id};
  if (!files_.rows.contains({reference.project, reference.file_id}) &&
      !references_.id_of_request.contains(request)) {
    return FileNotReady(reference.file_id);
  }
  DQ_ASSIGN_OR_RETURN(
      Created<ReferenceRecord> created,
      CreateLocked(references_, reference, [&](const ReferenceRecord& earlier) {
        return earlier.stage == reference.stage &&
               (earlier.newest_version > 1 || (earlier.file_id == reference.file_id &&
                                               earlier.key_columns == reference.key_columns));
      }));
  std::vector<ReferenceVersion>& versions = reference_versions_[{reference.project, reference.id}];
  if (created.existed || !versions.empty()) return created;
  versions.push_back({1,
                      reference.file_id,
                      reference.key_columns,
                      reference.state,
                      {},
                      reference.validation_job,
                      reference.created_by,
                      reference.create_time});
  ReferenceRecord& record = references_.rows.at({reference.project, reference.id}).record;
  if (reference.wants_active && IsUsable(reference.state)) ActivateLocked(record);
  created.record = record;
  return created;
}

absl::StatusOr<ReferenceRecord> FakeStore::GetReference(const std::string& project,
                                                        const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return RecordOf(references_.rows, project, id, "REFERENCE_NOT_FOUND");
}

absl::StatusOr<ReferenceRecord> FakeStore::GetActiveReference(const std::string& project,
                                                              const std::string& stage) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const auto& [name, row] : references_.rows) {
    const ReferenceRecord& record = row.record;
    if (name.first == project && record.stage == stage && record.active) return record;
  }
  return NoReference("reference that is active");
}

absl::StatusOr<std::vector<ReferenceRecord>> FakeStore::ListReferences(const std::string& project,
                                                                       const std::string& before_id,
                                                                       int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  return ListLocked(references_, project, before_id, limit);
}

absl::StatusOr<std::vector<ReferenceVersion>> FakeStore::ListReferenceVersions(
    const std::string& project, const std::string& id, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<ReferenceVersion> versions;
  const auto found = reference_versions_.find({project, id});
  if (found == reference_versions_.end()) return versions;
  versions.assign(found->second.rbegin(), found->second.rend());
  if (std::ssize(versions) > limit) versions.resize(static_cast<size_t>(limit));
  return versions;
}

absl::StatusOr<ReferenceVersion> FakeStore::GetReferenceVersion(const std::string& project,
                                                                const std::string& id,
                                                                int32_t version) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto found = reference_versions_.find({project, id});
  if (found != reference_versions_.end()) {
    const auto own = std::ranges::find(found->second, version, &ReferenceVersion::version);
    if (own != found->second.end()) return *own;
  }
  return NoReference("reference " + id + " of that version");
}

absl::Status FakeStore::UpdateReference(const ReferenceRecord& changed,
                                        const std::optional<ReferenceVersion>& added) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = references_.rows.find({changed.project, changed.id});
  if (row == references_.rows.end() || row->second.record.revision != changed.revision) {
    return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "The reference has changed.");
  }
  if (added && !files_.rows.contains({changed.project, added->file_id})) {
    return FileNotReady(added->file_id);
  }
  std::vector<ReferenceVersion>& versions = reference_versions_[row->first];
  if (added) versions.push_back(*added);
  ReferenceRecord& record = row->second.record;
  record.display_name = changed.display_name;
  record.newest_version = changed.newest_version;
  record.active = changed.active;
  record.wants_active = changed.wants_active;
  ++record.revision;
  const auto current = std::ranges::find(versions, changed.version, &ReferenceVersion::version);
  if (current != versions.end()) MakeCurrent(record, *current);
  if (changed.active) ActivateLocked(record);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ValidatingReference>> FakeStore::ListValidatingReferences(
    const ValidatingReference& after, int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<ValidatingReference> validating;
  for (const auto& [name, versions] : reference_versions_) {
    for (const ReferenceVersion& version : versions) {
      if (version.state != ReferenceState::kValidating) continue;
      validating.push_back({name.first, name.second, version});
    }
  }
  const auto place = [](const ValidatingReference& each) {
    return std::tuple(each.project, each.version.file_id, each.id, each.version.version);
  };
  std::ranges::sort(validating, {}, place);
  std::erase_if(validating, [&](const auto& each) { return place(each) <= place(after); });
  if (std::ssize(validating) > limit) validating.resize(static_cast<size_t>(limit));
  return validating;
}

absl::Status FakeStore::SettleReference(const ValidatingReference& settled) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = references_.rows.find({settled.project, settled.id});
  if (row == references_.rows.end()) return absl::OkStatus();
  std::vector<ReferenceVersion>& versions = reference_versions_[row->first];
  const auto version =
      std::ranges::find(versions, settled.version.version, &ReferenceVersion::version);
  if (version == versions.end() || version->state != ReferenceState::kValidating) {
    return absl::OkStatus();
  }
  version->state = settled.version.state;
  version->error = settled.version.error;
  ReferenceRecord& record = row->second.record;
  if (record.version == version->version) record.state = version->state;
  if (!IsUsable(version->state) || record.version > version->version) return absl::OkStatus();
  MakeCurrent(record, *version);
  if (record.wants_active) ActivateLocked(record);
  ++record.revision;
  return absl::OkStatus();
}

absl::Status FakeStore::DeleteReference(const std::string& project, const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  if (LiveJobNeedsLocked(project, &JobRecord::reference_ids, id)) return InUse(id, "a job");
  const auto row = references_.rows.find({project, id});
  if (row == references_.rows.end()) return absl::OkStatus();
  references_.id_of_request.erase({project, row->second.record.request_id});
  reference_versions_.erase(row->first);
  references_.rows.erase(row);
  return absl::OkStatus();
}

}  // namespace dq
