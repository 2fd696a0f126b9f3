#include "worker/table/bytes/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "common/base/write_all.h"
#include "worker/table/bytes/file_error.h"

namespace dq {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr char kWhat[] = "cannot use a temporary file";

// For file systems that have no unnamed files.
UniqueFd CreateAndUnlink(int dir_fd) {
  const std::string name = ".dq-spill-" + RandomHex(8);
  UniqueFd fd(::openat(dir_fd, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd) (void)::unlinkat(dir_fd, name.c_str(), 0);
  return fd;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SpillFile>> SpillFile::Create(int dir_fd) {
  UniqueFd fd(::openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd && (errno == EOPNOTSUPP || errno == EISDIR)) fd = CreateAndUnlink(dir_fd);
  if (!fd) return IoFailed(errno, kWhat);
  return std::unique_ptr<SpillFile>(new SpillFile(std::move(fd)));
}

// What alone would fill the buffer does not go through it: the buffer would keep that size.
absl::Status SpillFile::Append(std::string_view bytes) {
  if (buffer_.size() + bytes.size() < kBufferBytes) {
    buffer_ += bytes;
    return absl::OkStatus();
  }
  DQ_RETURN_IF_ERROR(Write(buffer_));
  buffer_.clear();
  return Write(bytes);
}

absl::Status SpillFile::Write(std::string_view bytes) {
  const int error = WriteAllAt(fd_.get(), bytes, written_bytes_);
  if (error != 0) return IoFailed(error, kWhat);
  written_bytes_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::StatusOr<size_t> SpillFile::ReadAt(int64_t offset, char* out, size_t size) const {
  size = static_cast<size_t>(
      std::clamp<int64_t>(size_bytes() - offset, 0, static_cast<int64_t>(size)));
  size_t done = 0;
  while (done < size) {
    const int64_t at = offset + static_cast<int64_t>(done);
    if (at >= written_bytes_) {
      std::memcpy(out + done, buffer_.data() + (at - written_bytes_), size - done);
      return size;
    }
    const size_t wanted = static_cast<size_t>(
        std::min<int64_t>(static_cast<int64_t>(size - done), written_bytes_ - at));
    const ssize_t got = ::pread(fd_.get(), out + done, wanted, at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return IoFailed(got < 0 ? errno : EIO, kWhat);
    done += static_cast<size_t>(got);
  }
  return size;
}

}  // namespace dq
