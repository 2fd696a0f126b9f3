// A file that appears under its name only when it is complete: written without a name in the same
// folder, so that a process that is killed leaves nothing, then linked beside it and renamed; where
// the file system knows no files without a name, under a temporary one. What is there and no
// regular file (a device, a pipe) is written in place, never replaced; a pipe that nobody reads
// within a second is refused. A symbolic link stays, its target is replaced. A link to nothing is
// refused, and so is one to a file that is open already
// (/dev/stdout). Not thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace dq {

class StagedFile {
 public:
  // Opens a new file in the folder of `path`. OUTPUT_FAILED, with `errno` in the metadata.
  static absl::StatusOr<StagedFile> Create(const std::string& path);
  // The same with a temporary file whose name follows from `path`, readable too: what an earlier
  // process left there is kept. OUTPUT_FAILED also for what is no regular file, and while another
  // process is at it.
  static absl::StatusOr<StagedFile> Continue(const std::string& path);
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&&) = delete;
  // Removes the temporary file unless it was published. One that can be continued stays when it
  // holds anything.
  ~StagedFile();

  int fd() const { return fd_.get(); }
  // Waits until the bytes are on the disk. OUTPUT_FAILED.
  absl::Status Sync();
  // Puts the file in its place, replacing one that is there. OUTPUT_FAILED.
  absl::Status Publish();
  // Removes the temporary file, also one that could be continued. No-op when it was published.
  void Discard();

 private:
  enum class Kind { kInPlace, kNameless, kNew, kContinued };
  StagedFile(std::string path, std::string temporary, UniqueFd fd, Kind kind);

  // Puts what has no name beside `path_`: a rename replaces a file that is there, a link does not.
  absl::Status GiveName();

  std::string path_;
  std::string temporary_;  // "": has no name, written in place, published, discarded or moved from.
  UniqueFd fd_;
  Kind kind_;
};

}  // namespace dq
