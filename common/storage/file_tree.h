// A directory that no key can leave: every look-up is openat2 with RESOLVE_BENEATH, so neither ".."
// nor a symbolic link, not even one swapped in meanwhile, reaches outside. Thread-safe.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace dq {

// Names that start with this are unfinished and never listed.
inline constexpr char kUnfinishedPrefix[] = ".tmp-";

// The two halves of a key: "a/b/c" is directory "a/b" (or "." for none) and name "c".
struct KeyParts {
  std::string directory;
  std::string name;
};
KeyParts SplitKey(const std::string& key);

class FileTree {
 public:
  explicit FileTree(UniqueFd root) : root_(std::move(root)) {}

  // Opens `key` with open(2) `flags`; O_CLOEXEC is added.
  absl::StatusOr<UniqueFd> Open(const std::string& key, int flags) const;
  // Opens the directory `key` ("." is the root).
  absl::StatusOr<UniqueFd> OpenDirectory(const std::string& key) const;
  // As OpenDirectory(), after creating what is missing of the path, durably.
  absl::StatusOr<UniqueFd> MakeDirectory(const std::string& key) const;

 private:
  UniqueFd root_;
};

// Makes file or directory `fd` durable; `what` is for the message.
absl::Status Sync(int fd, const std::string& what);

// Writes all of `bytes` to `fd`; `what` is for the message.
absl::Status WriteAll(int fd, std::string_view bytes, const std::string& what);

}  // namespace dq
