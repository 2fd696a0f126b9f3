#include "worker/table/state_writer.h"

#include <unistd.h>

#include <cerrno>

#include "common/base/status_macros.h"
#include "worker/table/file_error.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;

}  // namespace

void StateWriter::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

StateWriter::StateWriter(int fd, int64_t offset)
    : fd_(fd), offset_(offset), digest_(XXH3_createState()) {
  XXH3_128bits_reset(digest_.get());
}

StateWriter::~StateWriter() = default;

void StateWriter::PutBytes(std::string_view bytes) {
  size_bytes_ += static_cast<int64_t>(bytes.size());
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) Flush();
}

void StateWriter::Flush() {
  XXH3_128bits_update(digest_.get(), buffer_.data(), buffer_.size());
  std::string_view rest = buffer_;
  while (!rest.empty() && status_.ok()) {
    const ssize_t put = ::pwrite(fd_, rest.data(), rest.size(), offset_);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      status_ = IoFailed(errno, "cannot write a checkpoint");
      break;
    }
    rest.remove_prefix(static_cast<size_t>(put));
    offset_ += put;
  }
  buffer_.clear();
}

absl::StatusOr<StateDigest> StateWriter::Finish() {
  Flush();
  DQ_RETURN_IF_ERROR(status_);
  const XXH128_hash_t digest = XXH3_128bits_digest(digest_.get());
  return StateDigest{digest.high64, digest.low64};
}

}  // namespace dq
