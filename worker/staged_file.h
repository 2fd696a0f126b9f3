// A file that appears under its name only when it is complete: written to a temporary name beside
// it, then renamed. Not thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace dq {

class StagedFile {
 public:
  // Creates "<path>.tmp-<process id>" beside `path`. BAD_FIELD when that cannot be written.
  static absl::StatusOr<StagedFile> Create(const std::string& path);
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&&) = delete;
  // Removes the temporary file unless it was published.
  ~StagedFile();

  int fd() const { return fd_.get(); }
  // Renames, replacing what was there. Does not wait for the disk: a file that a crash of the
  // machine loses can be made again. DISK_FULL or IO_FAILED.
  absl::Status Publish();

 private:
  StagedFile(std::string path, std::string temporary, UniqueFd fd);

  std::string path_;
  std::string temporary_;  // "" once published or moved from.
  UniqueFd fd_;
};

}  // namespace dq
