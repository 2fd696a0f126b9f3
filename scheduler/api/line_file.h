// Reads the lines of a file that a worker wrote, from any place on. Memory is one line. Blocks on
// the disk. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/storage/object_store.h"

namespace dq {

class LineFile {
 public:
  // Opens the file at `uri`, to go on at byte `offset`. Errors as ObjectStore::OpenRead().
  static absl::StatusOr<LineFile> Open(ObjectStore& objects, const std::string& uri,
                                       int64_t offset);

  // Reads the next line, without its end; false behind the last. IO_ERROR.
  absl::StatusOr<bool> Next(std::string& line);
  // Returns where the line ends that was read last.
  int64_t offset() const { return offset_; }

 private:
  LineFile(UniqueFd fd, int64_t offset) : fd_(std::move(fd)), offset_(offset), read_to_(offset) {}

  UniqueFd fd_;
  int64_t offset_;
  int64_t read_to_;     // In the file.
  std::string buffer_;  // From `offset_` to `read_to_`.
};

}  // namespace dq
