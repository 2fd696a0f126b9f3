// A temporary file without a name: bytes are appended, then read at any place. It is gone with its
// owner, whatever happens. Appending is for one thread; reading what was appended before is
// thread-safe as long as nobody appends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace dq {

class SpillFile {
 public:
  // Makes a file in the directory `dir_fd`. IO_FAILED when that is not possible.
  static absl::StatusOr<std::unique_ptr<SpillFile>> Create(int dir_fd);

  // Appends bytes. DISK_FULL or IO_FAILED.
  absl::Status Append(std::string_view bytes);
  int64_t size_bytes() const { return written_bytes_ + static_cast<int64_t>(buffer_.size()); }

  // Reads `size` bytes at `offset`, or those there are before the end; returns how many. IO_FAILED.
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* out, size_t size) const;

 private:
  explicit SpillFile(UniqueFd fd) : fd_(std::move(fd)) {}
  absl::Status Write(std::string_view bytes);

  UniqueFd fd_;
  std::string buffer_;  // Not written yet.
  int64_t written_bytes_ = 0;
};

}  // namespace dq
