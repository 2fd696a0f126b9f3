// Port: the records of files and references. Not part of the state machine: every call is a
// transaction of its own. Calls block: never from a gRPC thread. Implementations are thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/core/job.h"

namespace dq {

// A file whose bytes are complete at `uri`.
struct FileRecord {
  std::string project;
  std::string id;
  std::string display_name;
  std::string uri;  // file:///key
  int64_t size_bytes = 0;
  std::string sha256;       // Lower-case hex.
  std::string produced_by;  // Job id; empty for an upload.
  std::string request_id;   // Unique per project; the server makes one when the caller gave none.
  std::string created_by;
  absl::Time create_time;
};

// What is known of a version of a reference; numbers equal dq.v1.ReferenceState.
enum class ReferenceState : int16_t {
  kValidating = 1,
  kReady = 2,
  kRefused = 3,
  kUnchecked = 4,
};

// Returns whether jobs may take a version in `state` that do not name it.
constexpr bool IsUsable(ReferenceState state) {
  return state == ReferenceState::kReady || state == ReferenceState::kUnchecked;
}

// One version of a reference; only its state and error change.
struct ReferenceVersion {
  int32_t version = 1;
  std::string file_id;
  std::vector<std::string> key_columns;
  ReferenceState state = ReferenceState::kUnchecked;
  JobFailure error;            // Why it was refused.
  std::string validation_job;  // The id of the job that reads it; empty: none.
  std::string created_by;
  absl::Time create_time;
};

// A file in the role of a reference for a stage, as it is in its current version.
struct ReferenceRecord {
  std::string project;
  std::string id;
  std::string stage;
  std::string file_id;
  std::vector<std::string> key_columns;
  std::string display_name;
  std::string request_id;
  std::string created_by;
  absl::Time create_time;
  bool active = false;                                // At most one of a project and stage.
  bool wants_active = false;                          // It is to be, once a version is READY.
  int32_t version = 1;                                // The current one.
  ReferenceState state = ReferenceState::kUnchecked;  // Of that.
  int32_t newest_version = 1;
  std::string validation_job;  // Of the first version; only for CreateReference().
  int64_t revision = 1;        // Counts the changes.
};

// A version whose file is to be read.
struct ValidatingReference {
  std::string project;
  std::string id;
  ReferenceVersion version;
};

// A record with whether an earlier call with the same request_id made it.
template <typename Record>
struct Created {
  Record record;
  bool existed = false;
};

class CatalogStore {
 public:
  virtual ~CatalogStore() = default;

  // Records a file; with the identical record again it is the same call, whose answer was lost:
  // `existed` stays false. ALREADY_EXISTS ID_TAKEN; ALREADY_EXISTS REQUEST_ID_REUSED when the
  // earlier file of that request_id has another SHA-256.
  virtual absl::StatusOr<Created<FileRecord>> CreateFile(const FileRecord& file) = 0;
  // NOT_FOUND FILE_NOT_FOUND.
  virtual absl::StatusOr<FileRecord> GetFile(const std::string& project, const std::string& id) = 0;
  // Returns up to `limit` files, newest first, that come after `before_id` ("", or one that is gone
  // by now: from the newest).
  virtual absl::StatusOr<std::vector<FileRecord>> ListFiles(const std::string& project,
                                                            const std::string& before_id,
                                                            int limit) = 0;
  // Deletes the record; storage owes the bytes (DeletionStore::LoadDebts), unless the file was
  // registered. FAILED_PRECONDITION IN_USE while a live job needs it, a reference has it in its
  // current version or in one that is being validated, or a job has it from another job. Absent is
  // OK.
  virtual absl::Status DeleteFile(const std::string& project, const std::string& id) = 0;

  // Records a reference with its first version; an active one takes the place of the other.
  // FAILED_PRECONDITION FILE_NOT_READY without its file; ALREADY_EXISTS as above.
  virtual absl::StatusOr<Created<ReferenceRecord>> CreateReference(
      const ReferenceRecord& reference) = 0;
  // NOT_FOUND REFERENCE_NOT_FOUND.
  virtual absl::StatusOr<ReferenceRecord> GetReference(const std::string& project,
                                                       const std::string& id) = 0;
  // Like ListFiles.
  virtual absl::StatusOr<std::vector<ReferenceRecord>> ListReferences(const std::string& project,
                                                                      const std::string& before_id,
                                                                      int limit) = 0;
  // Returns the active one. NOT_FOUND REFERENCE_NOT_FOUND.
  virtual absl::StatusOr<ReferenceRecord> GetActiveReference(const std::string& project,
                                                             const std::string& stage) = 0;
  // Returns the newest versions, newest first; none of a reference that is not there.
  virtual absl::StatusOr<std::vector<ReferenceVersion>> ListReferenceVersions(
      const std::string& project, const std::string& id, int limit) = 0;
  // NOT_FOUND REFERENCE_NOT_FOUND.
  virtual absl::StatusOr<ReferenceVersion> GetReferenceVersion(const std::string& project,
                                                               const std::string& id,
                                                               int32_t version) = 0;
  // Records what changes of a reference (its label, flags and versions), and `added`, a new
  // version; when it becomes active it takes the place of the other. ABORTED ETAG_MISMATCH unless
  // `changed.revision` is what is recorded; FAILED_PRECONDITION FILE_NOT_READY as above.
  virtual absl::Status UpdateReference(const ReferenceRecord& changed,
                                       const std::optional<ReferenceVersion>& added) = 0;
  // Returns up to `limit` versions that are VALIDATING, in a fixed order, those behind `after` ({}:
  // from the first one).
  virtual absl::StatusOr<std::vector<ValidatingReference>> ListValidatingReferences(
      const ValidatingReference& after, int limit) = 0;
  // Ends the validation of a version: READY, and then current if it is the newest such one, or
  // REFUSED. One that is not VALIDATING stays as it is.
  virtual absl::Status SettleReference(const ValidatingReference& settled) = 0;
  // FAILED_PRECONDITION IN_USE while a live job needs it. Absent is OK.
  virtual absl::Status DeleteReference(const std::string& project, const std::string& id) = 0;

  // Records the limits of a project or queue in place of earlier ones, for the leader of `epoch`,
  // which is to be told afterwards. ABORTED (NOT_LEADER): another leads, nothing was written.
  virtual absl::Status SaveLimit(const GroupLimit& limit, int64_t epoch) = 0;
};

}  // namespace dq
