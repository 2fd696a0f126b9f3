#include "worker/table/output_file.h"

#include <unistd.h>

#include <cerrno>

#include "common/base/status_macros.h"
#include "worker/table/file_error.h"

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
