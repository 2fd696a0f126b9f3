#include "worker/table/bytes/output_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/bytes/state_reader.h"

namespace dq {

absl::Status OutputFile::Flush() {
  DQ_RETURN_IF_ERROR(WriteOut(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Write(std::string_view text) {
  DQ_RETURN_IF_ERROR(Flush());
  return WriteOut(text);
}

absl::Status OutputFile::WriteOut(std::string_view text) {
  if (packer_ == nullptr) return WriteRaw(text);
  packed_.clear();
  DQ_RETURN_IF_ERROR(packer_->Pack(text, packed_));
  return WriteRaw(packed_);
}

absl::Status OutputFile::WriteRaw(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t put = ::write(fd_, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return IoFailed(errno, "cannot write " + name_);
    rest.remove_prefix(static_cast<size_t>(put));
  }
  hash_.Update(text);
  size_bytes_ += static_cast<int64_t>(text.size());
  return absl::OkStatus();
}

absl::Status OutputFile::Sync() {
  DQ_RETURN_IF_ERROR(Flush());
  if (::fdatasync(fd_) != 0) return IoFailed(errno, "cannot write " + name_);
  return absl::OkStatus();
}

absl::Status OutputFile::CutTo(int64_t size_bytes) {
  if (::ftruncate(fd_, size_bytes) == 0 && ::lseek(fd_, size_bytes, SEEK_SET) == size_bytes) {
    return absl::OkStatus();
  }
  return IoFailed(errno, "cannot write " + name_);
}

absl::Status OutputFile::Resume(const OutputPlace& place, const std::function<bool()>& stop) {
  std::string bytes(kOutputBufferBytes, '\0');
  while (size_bytes_ < place.size_bytes) {
    if (stop()) return absl::CancelledError("stopped while " + name_ + " was read again");
    const int64_t wanted = std::min(place.size_bytes - size_bytes_, int64_t{kOutputBufferBytes});
    const ssize_t got = ::pread(fd_, bytes.data(), static_cast<size_t>(wanted), size_bytes_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return IoFailed(errno, "cannot read " + name_);
    if (got == 0) return CheckpointInvalid(name_ + " is shorter than it was");
    hash_.Update({bytes.data(), static_cast<size_t>(got)});
    size_bytes_ += got;
  }
  if (hash_.SoFar() != place.sha256) return CheckpointInvalid(name_ + " holds other bytes");
  return CutTo(place.size_bytes);
}

absl::Status OutputFile::Finish() {
  DQ_RETURN_IF_ERROR(Flush());
  if (packer_ != nullptr) {
    packed_.clear();
    DQ_RETURN_IF_ERROR(packer_->End(packed_));
    DQ_RETURN_IF_ERROR(WriteRaw(packed_));
  }
  sha256_ = hash_.Finish();
  return absl::OkStatus();
}

}  // namespace dq
