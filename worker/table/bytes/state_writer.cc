#include "worker/table/bytes/state_writer.h"

#include "common/base/status_macros.h"
#include "common/base/write_all.h"
#include "worker/table/bytes/file_error.h"
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
  const int error = status_.ok() ? WriteAllAt(fd_, buffer_, offset_) : 0;
  if (error != 0) status_ = IoFailed(error, "cannot write a checkpoint");
  offset_ += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
}

absl::StatusOr<StateDigest> StateWriter::Finish() {
  Flush();
  DQ_RETURN_IF_ERROR(status_);
  const XXH128_hash_t digest = XXH3_128bits_digest(digest_.get());
  return StateDigest{digest.high64, digest.low64};
}

}  // namespace dq
