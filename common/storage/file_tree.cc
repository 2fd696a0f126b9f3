#include "common/storage/file_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/status_macros.h"
#include "common/storage/storage_error.h"

namespace dq {
namespace {

constexpr int kOpenTriesMax = 64;

int OpenBeneath(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed during the look-up and the kernel cannot vouch for the result.
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries >= kOpenTriesMax) {
      return static_cast<int>(fd);
    }
  }
}

}  // namespace

KeyParts SplitKey(const std::string& key) {
  const size_t slash = key.rfind('/');
  if (slash == std::string::npos) return {".", key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

absl::StatusOr<UniqueFd> FileTree::Open(const std::string& key, int flags) const {
  UniqueFd fd(OpenBeneath(root_.get(), key, flags));
  if (!fd) return StorageError(errno, "cannot open \"" + key + "\"");
  return fd;
}

absl::StatusOr<UniqueFd> FileTree::OpenDirectory(const std::string& key) const {
  return Open(key, O_RDONLY | O_DIRECTORY);
}

absl::StatusOr<UniqueFd> FileTree::MakeDirectory(const std::string& key) const {
  absl::StatusOr<UniqueFd> found = OpenDirectory(key);
  if (found.ok() || found.status().code() != absl::StatusCode::kNotFound) return found;
  const KeyParts parts = SplitKey(key);
  DQ_ASSIGN_OR_RETURN(const UniqueFd parent, MakeDirectory(parts.directory));
  if (::mkdirat(parent.get(), parts.name.c_str(), 0777) != 0 && errno != EEXIST) {
    return StorageError(errno, "cannot create the directory \"" + key + "\"");
  }
  DQ_RETURN_IF_ERROR(Sync(parent.get(), parts.directory));
  return OpenDirectory(key);
}

absl::Status Sync(int fd, const std::string& what) {
  if (::fsync(fd) != 0) return StorageError(errno, "cannot make \"" + what + "\" durable");
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return StorageError(errno, "cannot write \"" + what + "\"");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace dq
