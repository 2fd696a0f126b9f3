// The ObjectWriter of files: writes a temporary name beside the target, then renames. Not
// thread-safe.
#pragma once

#include <memory>
#include <string>

#include "common/base/sha256.h"
#include "common/base/unique_fd.h"
#include "common/storage/file_tree.h"
#include "common/storage/object_store.h"

namespace dq {

class FileWriter final : public ObjectWriter {
 public:
  // Creates the temporary file for `key` in `tree`.
  static absl::StatusOr<std::unique_ptr<ObjectWriter>> Create(const FileTree& tree,
                                                              const std::string& key);
  ~FileWriter() override;

  absl::Status Append(std::string_view bytes) override;
  int64_t size_bytes() const override { return size_bytes_; }
  absl::StatusOr<WrittenObject> Commit() override;
  void Abort() override;

 private:
  FileWriter(std::string key, UniqueFd directory, std::string unfinished_name, UniqueFd file);

  const std::string key_;
  const UniqueFd directory_;
  const std::string unfinished_name_;
  UniqueFd file_;  // Empty once committed or aborted.
  Sha256 hash_;
  int64_t size_bytes_ = 0;
};

}  // namespace dq
