#include "worker/table/bytes/state_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "xxhash.h"

namespace dq {
namespace {

constexpr int64_t kBufferBytes = int64_t{256} << 10;

absl::StatusOr<size_t> ReadSome(int fd, int64_t offset, char* out, int64_t size) {
  for (;;) {
    const ssize_t got = ::pread(fd, out, static_cast<size_t>(size), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return IoFailed(errno, "cannot read a checkpoint");
    if (got == 0) return CheckpointInvalid("it is cut off");
    return static_cast<size_t>(got);
  }
}

}  // namespace

absl::Status CheckpointInvalid(std::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "CHECKPOINT_INVALID",
                   "the checkpoint cannot be used: " + std::string(why), {{"category", "system"}});
}

absl::StatusOr<StateDigest> DigestOfRange(int fd, int64_t offset, int64_t size) {
  XXH3_state_t* const state = XXH3_createState();
  XXH3_128bits_reset(state);
  std::string buffer(static_cast<size_t>(kBufferBytes), '\0');
  absl::Status status;
  while (size > 0 && status.ok()) {
    const auto got = ReadSome(fd, offset, buffer.data(), std::min(size, kBufferBytes));
    status = got.status();
    if (!status.ok()) break;
    XXH3_128bits_update(state, buffer.data(), *got);
    offset += static_cast<int64_t>(*got);
    size -= static_cast<int64_t>(*got);
  }
  const XXH128_hash_t digest = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  DQ_RETURN_IF_ERROR(status);
  return StateDigest{digest.high64, digest.low64};
}

StateReader::StateReader(int fd, int64_t begin, int64_t end) : fd_(fd), next_(begin), end_(end) {}

bool StateReader::Fill() {
  buffer_.resize(static_cast<size_t>(std::min(kBufferBytes, end_ - next_)));
  at_ = 0;
  const auto got = ReadSome(fd_, next_, buffer_.data(), static_cast<int64_t>(buffer_.size()));
  buffer_.resize(got.ok() ? *got : 0);
  if (!got.ok()) status_ = got.status();
  next_ += static_cast<int64_t>(buffer_.size());
  return got.ok();
}

bool StateReader::Read(char* out, size_t size) {
  if (!ok()) return false;
  if (static_cast<int64_t>(size) > left_bytes()) {
    Fail("it ends too early");
    return false;
  }
  while (size > 0) {
    if (at_ == buffer_.size() && !Fill()) return false;
    const size_t count = std::min(size, buffer_.size() - at_);
    std::memcpy(out, buffer_.data() + at_, count);
    out += count;
    at_ += count;
    size -= count;
  }
  return true;
}

size_t StateReader::GetSize(size_t max, size_t element_bytes) {
  const auto size = Get<uint64_t>();
  if (size <= max && size <= static_cast<uint64_t>(left_bytes()) / element_bytes) return size;
  Fail("a list in it is longer than it can be");
  return 0;
}

int64_t StateReader::GetCount(int64_t max) {
  const auto count = Get<int64_t>();
  if (count >= 0 && count <= max) return count;
  Fail("a number in it is out of range");
  return 0;
}

std::string StateReader::GetText(size_t max) {
  std::string text(GetSize(max, 1), '\0');
  if (!Read(text.data(), text.size())) text.clear();
  return text;
}

void StateReader::Fail(std::string_view why) {
  if (ok()) status_ = CheckpointInvalid(why);
}

}  // namespace dq
