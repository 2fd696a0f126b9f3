#include "worker/api/earlier_attempt.h"

#include <unistd.h>

#include <cerrno>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/base/write_all.h"
#include "worker/api/job_files.h"

namespace dq {
namespace {

constexpr size_t kCopyBytes = size_t{1} << 20;
// Of these a copy within the kernel is made: so often is asked whether it is to stop.
constexpr size_t kCopyStepBytes = size_t{64} << 20;

absl::Status CannotCopy(int error, const std::string& name) {
  return ErrnoError(error, "IO_ERROR", "cannot copy \"" + name + "\" of an earlier attempt");
}

// Copies all that is there; within the kernel where the file system can, sharing blocks.
absl::Status CopyWhole(int from, int to, const std::string& name,
                       const std::function<bool()>& stopped) {
  std::vector<char> buffer;
  for (off_t at = 0;;) {
    if (stopped()) return AttemptStopped();
    off_t out = at;
    off_t in = at;
    ssize_t got = -1;
    if (buffer.empty()) got = ::copy_file_range(from, &in, to, &out, kCopyStepBytes, 0);
    if (got < 0) {
      buffer.resize(kCopyBytes);
      got = ::pread(from, buffer.data(), buffer.size(), at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return CannotCopy(errno, name);
      const int error = WriteAllAt(to, {buffer.data(), static_cast<size_t>(got)}, at);
      if (error != 0) return CannotCopy(error, name);
    }
    if (got == 0) return absl::OkStatus();
    at += got;
  }
}

}  // namespace

absl::Status TakeOverEarlierAttempt(ObjectStore& store, const std::string& prefix_uri,
                                    const std::string& directory, const std::vector<OwnFile>& files,
                                    const std::function<bool()>& stopped) {
  std::vector<UniqueFd> found;
  for (const OwnFile& file : files) {
    DQ_ASSIGN_OR_RETURN(found.emplace_back(),
                        store.OpenUnfinished(prefix_uri, directory, file.name));
  }
  for (size_t i = 0; i < files.size(); ++i) {
    DQ_RETURN_IF_ERROR(CopyWhole(found[i].get(), files[i].fd, files[i].name, stopped));
  }
  return absl::OkStatus();
}

}  // namespace dq
