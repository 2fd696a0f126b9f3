// Port: the records of files and references. Not part of the state machine: every call is a
// transaction of its own. Calls block: never from a gRPC thread. Implementations are thread-safe.
#pragma once

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

// A file in the role of a reference for a stage.
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
  // Deletes the record. FAILED_PRECONDITION IN_USE while a live job's input or a reference. Absent
  // is OK.
  virtual absl::Status DeleteFile(const std::string& project, const std::string& id) = 0;

  // Records a reference. FAILED_PRECONDITION FILE_NOT_READY without its file; ALREADY_EXISTS as
  // above.
  virtual absl::StatusOr<Created<ReferenceRecord>> CreateReference(
      const ReferenceRecord& reference) = 0;
  // NOT_FOUND REFERENCE_NOT_FOUND.
  virtual absl::StatusOr<ReferenceRecord> GetReference(const std::string& project,
                                                       const std::string& id) = 0;
  // Like ListFiles.
  virtual absl::StatusOr<std::vector<ReferenceRecord>> ListReferences(const std::string& project,
                                                                      const std::string& before_id,
                                                                      int limit) = 0;
  // FAILED_PRECONDITION IN_USE while a live job needs it. Absent is OK.
  virtual absl::Status DeleteReference(const std::string& project, const std::string& id) = 0;

  // Records the limits of a project or queue in place of earlier ones, for the leader of `epoch`,
  // which is to be told afterwards. ABORTED (NOT_LEADER): another leads, nothing was written.
  virtual absl::Status SaveLimit(const GroupLimit& limit, int64_t epoch) = 0;
};

}  // namespace dq
