#include "scheduler/api/line_file.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;

}  // namespace

absl::StatusOr<LineFile> LineFile::Open(ObjectStore& objects, const std::string& uri,
                                        int64_t offset) {
  DQ_ASSIGN_OR_RETURN(UniqueFd fd, objects.OpenRead(uri));
  return LineFile(std::move(fd), offset);
}

absl::StatusOr<bool> LineFile::Next(std::string& line) {
  size_t end = buffer_.find('\n');
  for (size_t looked = buffer_.size(); end == std::string::npos; looked = buffer_.size()) {
    buffer_.resize(looked + kReadBytes);
    const ssize_t got = ::pread(fd_.get(), buffer_.data() + looked, kReadBytes, read_to_);
    buffer_.resize(looked + static_cast<size_t>(got < 0 ? 0 : got));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "IO_ERROR", "cannot read a file of details");
    if (got == 0) break;
    read_to_ += got;
    end = buffer_.find('\n', looked);
  }
  if (buffer_.empty()) return false;
  const bool whole = end != std::string::npos;
  line = buffer_.substr(0, end);
  const size_t taken = line.size() + (whole ? 1 : 0);
  buffer_.erase(0, taken);
  offset_ += static_cast<int64_t>(taken);
  return true;
}

}  // namespace dq
