#include "worker/api/earlier_attempt.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
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

bool HasCheckpoint(ObjectStore& store, const ChainOrder& order, const std::string& directory) {
  for (const char* slot : {kCheckpointNames[1], kCheckpointNames[2]}) {
    const auto fd = store.OpenUnfinished(order.output_prefix, directory, slot);
    struct stat info {};
    if (fd.ok() && ::fstat(fd->get(), &info) == 0 && info.st_size > 0) return true;
  }
  return false;
}

absl::Status CopyAll(ObjectStore& store, const ChainOrder& order, const std::string& directory,
                     const std::vector<OwnFile>& files, const std::function<bool()>& stopped) {
  for (const OwnFile& file : files) {
    DQ_ASSIGN_OR_RETURN(const UniqueFd from,
                        store.OpenUnfinished(order.output_prefix, directory, file.name));
    DQ_RETURN_IF_ERROR(CopyWhole(from.get(), file.fd, file.name, stopped));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t TakeOverEarlierAttempt(ObjectStore& store, const ChainOrder& order,
                               const std::vector<OwnFile>& files,
                               const std::function<bool()>& stopped) {
  const auto unfinished = store.ListUnfinished(order.output_prefix);
  if (!unfinished.ok()) return 0;
  std::pair<int64_t, std::string> newest;
  for (const std::string& directory : *unfinished) {
    const int64_t attempt = AttemptOfDirectory(directory).value_or(0);
    if (attempt >= order.attempt || attempt <= newest.first) continue;
    if (HasCheckpoint(store, order, directory)) newest = {attempt, directory};
  }
  if (newest.first == 0) return 0;
  const absl::Status copied = CopyAll(store, order, newest.second, files, stopped);
  if (copied.ok()) return newest.first;
  if (copied.code() == absl::StatusCode::kCancelled) return 0;
  Log(LogLevel::kWarning, "the checkpoints of an earlier attempt cannot be taken over",
      {{"prefix", order.output_prefix}, {"attempt", newest.first}, {"message", MessageOf(copied)}});
  return 0;
}

}  // namespace dq
