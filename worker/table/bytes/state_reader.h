// Reads what StateWriter wrote. Trusts nothing: lengths are held against what is there and against
// limits, and whoever restores a state checks that its parts fit together. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {

// No count of rows, cells or bytes in a state is more: so sums of them stay numbers.
inline constexpr int64_t kStateCountMax = int64_t{1} << 48;

// CHECKPOINT_INVALID: the checkpoint is no use, and why. Category system.
absl::Status CheckpointInvalid(std::string_view why);

// The digest of `size` bytes of `fd` from `offset` on; CHECKPOINT_INVALID when there are fewer.
absl::StatusOr<StateDigest> DigestOfRange(int fd, int64_t offset, int64_t size);

class StateReader {
 public:
  // Reads the bytes [begin, end) of `fd`, which must outlive the reader.
  StateReader(int fd, int64_t begin, int64_t end);

  // After the first failure everything reads as zero and empty; see status().
  template <typename T>
  requires kIsPlainState<T> T Get() {
    T value{};
    if (!Read(reinterpret_cast<char*>(&value), sizeof(T))) return T{};
    return value;
  }
  bool GetBool() { return Get<uint8_t>() != 0; }
  // A number from 0 to `max`; 0 and a failure for any other.
  int64_t GetCount(int64_t max = INT64_MAX);
  // Replaces `list`; a failure when it has more than `max` elements.
  template <typename T>
  requires kIsPlainState<T>
  void GetList(std::vector<T>& list, size_t max) {
    list.clear();
    const size_t size = GetSize(max, sizeof(T));
    list.resize(size);
    if (!Read(reinterpret_cast<char*>(list.data()), size * sizeof(T))) list.clear();
  }
  std::string GetText(size_t max);

  // Notes that what was read cannot be.
  void Fail(std::string_view why);
  bool ok() const { return status_.ok(); }
  // CHECKPOINT_INVALID or IO_FAILED, the first one.
  const absl::Status& status() const { return status_; }
  // Whether all was read.
  bool AtEnd() const { return at_ == buffer_.size() && next_ == end_; }
  int64_t left_bytes() const { return end_ - next_ + static_cast<int64_t>(buffer_.size() - at_); }

 private:
  bool Read(char* out, size_t size);
  bool Fill();
  size_t GetSize(size_t max, size_t element_bytes);

  int fd_;
  int64_t next_;  // In the file, of what is not in the buffer yet.
  int64_t end_;
  std::string buffer_;
  size_t at_ = 0;
  absl::Status status_;
};

}  // namespace dq
