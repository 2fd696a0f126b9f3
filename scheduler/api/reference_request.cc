#include "scheduler/api/reference_request.h"

#include <algorithm>
#include <set>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kRequestIdCharactersMax = 64;
constexpr size_t kDisplayNameCharactersMax = 200;
constexpr size_t kColumnCharactersMax = 256;
constexpr int kKeyColumnsMax = 16;
constexpr size_t kRequestIdBytes = 16;
constexpr char kFile[] = "file";
constexpr char kKeyColumns[] = "key_columns";
constexpr char kDisplayName[] = "display_name";
constexpr char kActive[] = "active";

void CheckKeyColumns(const v1::Reference& reference, Violations& violations) {
  violations.Require(reference.key_columns_size() <= kKeyColumnsMax, "reference.key_columns",
                     "at most 16 columns");
  std::set<std::string> seen;
  for (const std::string& column : reference.key_columns()) {
    violations.Require(!column.empty() && IsPlainText(column, kColumnCharactersMax),
                       "reference.key_columns", "1 to 256 characters, no control characters");
    violations.Require(seen.insert(column).second, "reference.key_columns",
                       "'" + column + "' is named twice");
  }
}

void CheckFile(const v1::Reference& reference, const std::string& project, Violations& violations) {
  const auto file = ParseResource(reference.file(), kFiles, "reference.file");
  violations.Merge(file.status());
  violations.Require(!file.ok() || project.empty() || project == file->project, "reference.file",
                     "of another project than the reference");
}

void CheckText(const v1::Reference& reference, Violations& violations) {
  violations.Require(IsPlainText(reference.display_name(), kDisplayNameCharactersMax),
                     "reference.display_name", "at most 200 characters, no control characters");
  CheckKeyColumns(reference, violations);
}

// Returns the fields that change.
std::set<std::string> Fields(const v1::UpdateReferenceRequest& request) {
  const auto& paths = request.update_mask().paths();
  std::set<std::string> fields(paths.begin(), paths.end());
  if (!fields.empty()) return fields;
  const v1::Reference& reference = request.reference();
  if (!reference.file().empty()) fields.insert(kFile);
  if (!reference.key_columns().empty()) fields.insert(kKeyColumns);
  if (!reference.display_name().empty()) fields.insert(kDisplayName);
  if (reference.active()) fields.insert(kActive);
  return fields;
}

std::vector<std::string> Columns(const v1::Reference& reference) {
  return {reference.key_columns().begin(), reference.key_columns().end()};
}

void AddVersion(const v1::UpdateReferenceRequest& request, const ReferenceVersion& asked,
                const std::string& caller, absl::Time now, ReferenceChange& change) {
  ReferenceVersion& added = change.added.emplace(asked);
  ReferenceRecord& changed = change.changed;
  added.version = ++changed.newest_version;
  added.error = {};
  added.created_by = caller;
  added.create_time = now;
  if (request.skip_validation()) {
    added.state = ReferenceState::kUnchecked;
    added.validation_job.clear();
    changed.version = added.version;
    changed.state = added.state;
    changed.file_id = added.file_id;
    changed.key_columns = added.key_columns;
    changed.active = changed.active || changed.wants_active;
    changed.wants_active = false;
  } else {
    added.state = ReferenceState::kValidating;
    added.validation_job = TimeOrderedId("j-", now);
  }
}

// Decides about the flag by the versions that there will be.
absl::Status SetActive(bool active, ReferenceState newest, ReferenceRecord& changed) {
  changed.wants_active = false;
  changed.active = active && IsUsable(changed.state);
  if (!active || changed.active) return absl::OkStatus();
  changed.wants_active = newest == ReferenceState::kValidating;
  if (changed.wants_active) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "REFERENCE_REFUSED",
                   "no version of '" + changed.id +
                       "' was found good: see what GetReference says, and update it",
                   {{"name", ResourceText(changed.project, kReferences, changed.id)}});
}

}  // namespace

absl::Status ValidateCreateReference(const v1::CreateReferenceRequest& request) {
  const v1::Reference& reference = request.reference();
  Violations violations;
  const auto project = ParseProject(request.parent(), "parent");
  violations.Merge(project.status());
  CheckFile(reference, project.ok() ? *project : "", violations);
  violations.Require(request.reference_id().empty() || IsResourceId(request.reference_id()),
                     "reference_id",
                     "an id: lower-case letters, digits and dashes, from a letter on");
  violations.Require(IsPlainText(request.request_id(), kRequestIdCharactersMax), "request_id",
                     "at most 64 characters and no control characters");
  violations.Require(
      reference.stage().empty() || reference.stage() == "complete" || reference.stage() == "dedupe",
      "reference.stage", "\"complete\" or \"dedupe\"");
  CheckText(reference, violations);
  return violations.ToStatus();
}

absl::Status ValidateUpdateReference(const v1::UpdateReferenceRequest& request) {
  const v1::Reference& reference = request.reference();
  Violations violations;
  const auto name = ParseResource(reference.name(), kReferences, "reference.name");
  violations.Merge(name.status());
  for (const std::string& path : request.update_mask().paths()) {
    violations.Require(
        path == kFile || path == kKeyColumns || path == kDisplayName || path == kActive,
        "update_mask", "of file, key_columns, display_name and active; not '" + path + "'");
  }
  const std::set<std::string> fields = Fields(request);
  violations.Require(!fields.empty(), "update_mask", "names nothing, and nothing is set");
  if (fields.contains(kFile)) CheckFile(reference, name.ok() ? name->project : "", violations);
  CheckText(reference, violations);
  return violations.ToStatus();
}

ReferenceRecord MakeReferenceRecord(const v1::CreateReferenceRequest& request,
                                    const std::string& created_by, absl::Time now) {
  const v1::Reference& reference = request.reference();
  ReferenceRecord record;
  record.create_time = now;
  record.project = *ParseProject(request.parent(), "parent");
  record.id = request.reference_id().empty() ? TimeOrderedId("r-", now) : request.reference_id();
  record.stage = reference.stage().empty() ? "complete" : reference.stage();
  record.file_id = ParseResource(reference.file(), kFiles, "reference.file")->id;
  record.key_columns = Columns(reference);
  record.display_name = reference.display_name();
  record.request_id =
      request.request_id().empty() ? "auto-" + RandomHex(kRequestIdBytes) : request.request_id();
  record.created_by = created_by;
  record.wants_active = reference.active();
  if (!request.skip_validation()) {
    record.state = ReferenceState::kValidating;
    record.validation_job = TimeOrderedId("j-", now);
  }
  return record;
}

absl::StatusOr<std::optional<ReferenceChange>> PlanUpdate(
    const v1::UpdateReferenceRequest& request, const ReferenceRecord& recorded,
    const std::optional<ReferenceVersion>& newest, const std::string& caller, absl::Time now) {
  const v1::Reference& reference = request.reference();
  if (!reference.etag().empty() && reference.etag() != std::to_string(recorded.revision)) {
    return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                     "the reference has changed since you saw it; look at it again",
                     {{"name", reference.name()}, {"etag", std::to_string(recorded.revision)}});
  }
  const std::set<std::string> fields = Fields(request);
  ReferenceVersion last{
      recorded.version, recorded.file_id, recorded.key_columns, recorded.state, {}, {}, {}, {}};
  if (newest) last = *newest;
  ReferenceVersion asked = last;
  if (fields.contains(kFile)) {
    asked.file_id = ParseResource(reference.file(), kFiles, "reference.file")->id;
  }
  if (fields.contains(kKeyColumns)) asked.key_columns = Columns(reference);
  ReferenceChange change{recorded, std::nullopt};
  const bool names_version = fields.contains(kFile) || fields.contains(kKeyColumns);
  const bool is_new = asked.file_id != last.file_id || asked.key_columns != last.key_columns ||
                      last.state == ReferenceState::kRefused;
  if (names_version && is_new) AddVersion(request, asked, caller, now, change);
  if (fields.contains(kDisplayName)) change.changed.display_name = reference.display_name();
  if (fields.contains(kActive)) {
    const ReferenceState state = change.added ? change.added->state : last.state;
    const absl::Status set = SetActive(reference.active(), state, change.changed);
    if (!set.ok()) return set;
  }
  const bool is_same = !change.added && change.changed.display_name == recorded.display_name &&
                       change.changed.active == recorded.active &&
                       change.changed.wants_active == recorded.wants_active;
  if (is_same) return std::nullopt;
  return change;
}

}  // namespace dq
