// Objects by uri: what schedulers and workers share of files. One implementation per scheme; today
// "file:///key" beneath a root directory. All classes of this header may be used from any thread,
// one object (writer, publication) from one thread at a time. Calls block on the disk: never from a
// gRPC reaction.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/unique_fd.h"

namespace dq {

// An object as it lies in the store.
struct ObjectInfo {
  std::string uri;
  int64_t size_bytes = 0;
  absl::Time modify_time;
};

// An object as it was written.
struct WrittenObject {
  std::string uri;
  int64_t size_bytes = 0;
  std::string sha256;  // Lower-case hex.
};

// Writes one object. It appears under its uri whole and durable, or not at all.
class ObjectWriter {
 public:
  // Aborts unless committed.
  virtual ~ObjectWriter() = default;
  // Writes the next bytes. After an error only Abort() makes sense.
  virtual absl::Status Append(std::string_view bytes) = 0;
  // Bytes appended so far.
  virtual int64_t size_bytes() const = 0;
  // Makes the object durable and visible, replacing an earlier one of the same uri.
  virtual absl::StatusOr<WrittenObject> Commit() = 0;
  // Leaves nothing behind. No-op after Commit().
  virtual void Abort() = 0;
};

// Writes the outputs of one attempt. They appear together, under one directory, with the manifest
// as the last file; before Commit() nobody sees any of them.
//
// An output that is gone or may not be written is IO_ERROR of category system: whoever publishes is
// not at fault, and another try may succeed.
class Publication {
 public:
  // Aborts unless committed.
  virtual ~Publication() = default;
  // Creates output `name` (no '/'), open for reading and writing. The caller may hand the
  // descriptor to another process.
  virtual absl::StatusOr<UniqueFd> CreateFile(std::string_view name) = 0;
  // Returns a directory for unnamed scratch files, owned by the publication.
  virtual int scratch_directory_fd() const = 0;
  // Makes output `name` durable and hashes it; the uri is the one it will have after Commit().
  virtual absl::StatusOr<WrittenObject> Seal(std::string_view name) = 0;
  // Removes output `name`, for example because it stayed empty.
  virtual absl::Status Drop(std::string_view name) = 0;
  // Writes "manifest.json" and moves everything into place. ALREADY_EXISTS when the target is
  // there. Returns the manifest as written.
  virtual absl::StatusOr<WrittenObject> Commit(std::string_view manifest) = 0;
  // Leaves nothing behind. No-op after Commit().
  virtual void Abort() = 0;
  // Leaves everything as it is, unfinished, for OpenUnfinished(); ends the publication.
  virtual void Leave() = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Opens a plain file for reading. NOT_FOUND FILE_MISSING; INVALID_ARGUMENT BAD_FIELD for a uri
  // that leaves the root, also through a symbolic link, and for a directory, FIFO or device;
  // PERMISSION_DENIED FILE_UNREADABLE.
  virtual absl::StatusOr<UniqueFd> OpenRead(std::string_view uri) = 0;
  // Returns size and time. Errors as OpenRead().
  virtual absl::StatusOr<ObjectInfo> Stat(std::string_view uri) = 0;
  // Starts to write an object, creating the directories above it. RESOURCE_EXHAUSTED DISK_FULL.
  virtual absl::StatusOr<std::unique_ptr<ObjectWriter>> Create(std::string_view uri) = 0;
  // Starts to write the directory `name` beneath `prefix_uri` ("file:///projects/p/jobs/j"). Other
  // writers may be at work there under other names.
  virtual absl::StatusOr<std::unique_ptr<Publication>> Publish(std::string_view prefix_uri,
                                                               std::string_view name) = 0;
  // Removes what writers that `is_dead` left unfinished beneath `prefix_uri`; it is asked with the
  // name of their Publish(). What cannot be removed stays, the rest goes all the same: the first
  // error is returned.
  virtual absl::Status RemoveUnfinished(
      std::string_view prefix_uri, const std::function<bool(std::string_view name)>& is_dead) = 0;
  // Returns the names of the Publish() calls beneath `prefix_uri` that were neither committed nor
  // aborted. Their writers may still be at work.
  virtual absl::StatusOr<std::vector<std::string>> ListUnfinished(std::string_view prefix_uri) = 0;
  // Opens file `file` of an unfinished publication for reading. NOT_FOUND FILE_MISSING.
  virtual absl::StatusOr<UniqueFd> OpenUnfinished(std::string_view prefix_uri,
                                                  std::string_view name, std::string_view file) = 0;
  // Removes the published directory `name` beneath `prefix_uri`. OK when it is not there.
  virtual absl::Status Unpublish(std::string_view prefix_uri, std::string_view name) = 0;
  // Lists the plain files beneath `prefix_uri`, all levels, sorted by uri, unfinished ones left
  // out. A prefix that does not exist has none.
  virtual absl::StatusOr<std::vector<ObjectInfo>> List(std::string_view prefix_uri) = 0;
  // Calls `visit` with the path beneath the directory `prefix_uri` ("sub/a.csv") of every finished
  // plain file there, in no order, until it returns an error, which is returned. Directories
  // beneath are looked into where `enters` says so of their paths; no symbolic link is followed.
  // NOT_FOUND FILE_MISSING; PERMISSION_DENIED FILE_UNREADABLE, also of a directory beneath;
  // INVALID_ARGUMENT BAD_FIELD for what is no directory or leaves the root.
  virtual absl::Status VisitFiles(
      std::string_view prefix_uri, const std::function<bool(const std::string& path)>& enters,
      const std::function<absl::Status(const std::string& path)>& visit) = 0;
  // Removes one file. OK when it is not there.
  virtual absl::Status Remove(std::string_view uri) = 0;
  // Removes the directory of a prefix if nothing is left in it; OK when something is, or it is not
  // there.
  virtual absl::Status RemoveEmptyDirectory(std::string_view prefix_uri) = 0;
};

// Opens the store of "file:///" uris beneath the directory `root`. FAILED_PRECONDITION
// STORAGE_ROOT_UNUSABLE when it is not a directory that can be entered.
absl::StatusOr<std::unique_ptr<ObjectStore>> OpenFileObjectStore(const std::string& root);

}  // namespace dq
