// Writes the state of readers and learners as bytes, so that StateReader restores it: half of what
// a checkpoint is made of. Sits under worker/chain, which knows what a checkpoint is; classes that
// have a state write it through their Save functions. Numbers lie there as this machine has them,
// texts and lists behind their length. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct XXH3_state_s;

namespace dq {

// What can be written byte for byte: no padding, one representation a value.
template <typename T>
inline constexpr bool kIsPlainState = std::is_floating_point_v<T> ||
                                      (std::is_trivially_copyable_v<T> &&
                                       std::has_unique_object_representations_v<T>);

// XXH3, 128 bits, of a range of bytes.
struct StateDigest {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const StateDigest&) const = default;
};

class StateWriter {
 public:
  // Writes to `fd` from `offset` on. `fd` must outlive the writer.
  StateWriter(int fd, int64_t offset);
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  // Errors stick and are told by Finish.
  template <typename T>
  requires kIsPlainState<T>
  void Put(const T& value) { PutBytes({reinterpret_cast<const char*>(&value), sizeof(T)}); }
  template <typename T>
  requires kIsPlainState<T>
  void PutList(std::span<const T> values) {
    Put(uint64_t{values.size()});
    PutBytes({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  void PutText(std::string_view text) { PutList(std::span(text)); }
  // Without a length.
  void PutBytes(std::string_view bytes);

  // How much was written so far.
  int64_t size_bytes() const { return size_bytes_; }
  // Writes what is left and returns the digest of all; DISK_FULL or IO_FAILED. Called once, last.
  absl::StatusOr<StateDigest> Finish();

 private:
  void Flush();

  int fd_;
  int64_t offset_;
  int64_t size_bytes_ = 0;
  std::string buffer_;
  absl::Status status_;
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> digest_;
};

}  // namespace dq
