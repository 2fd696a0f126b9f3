// A file that appears whole, on the disk and with the expected bytes, or not at all. Not
// thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/sha256.h"
#include "common/base/staged_file.h"

namespace dq::dqctl {

class NewFile {
 public:
  // Opens a temporary file in the folder of `path`. OUTPUT_FAILED when that is not possible.
  static absl::StatusOr<NewFile> Create(const std::string& path);
  // Appends bytes. OUTPUT_FAILED, for example when the disk is full.
  absl::Status Append(std::string_view bytes);
  // Returns how many bytes were appended.
  int64_t size() const { return size_; }
  // Puts the file in its place, replacing one that is there. DATA_LOSS OUTPUT_DAMAGED, and nothing
  // is replaced, when `sha256` is not empty and not that of the bytes.
  absl::Status Commit(const std::string& sha256);

 private:
  NewFile(std::string path, StagedFile file);

  std::string path_;
  StagedFile file_;
  Sha256 hash_;
  int64_t size_ = 0;
};

}  // namespace dq::dqctl
