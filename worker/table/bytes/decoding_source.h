// Gives out what a decoder makes of another source; the base of all decoders. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/table/bytes/byte_source.h"

namespace dq {

// Decodes one piece ahead of what was asked for, so that the end is known with the last byte.
class DecodingSource : public ByteSource {
 public:
  absl::StatusOr<size_t> Read(char* out, size_t size) final;
  bool AtEnd() const final { return status_.ok() && at_ == decoded_.size(); }
  void Rewind() final;
  absl::StatusOr<size_t> Glance(int64_t, char*, size_t) final { return 0; }

  int64_t size_bytes() const final { return -1; }
  int64_t position() const final { return position_; }
  int64_t raw_position() const final { return inner_->raw_position(); }
  int64_t raw_size_bytes() const final { return inner_->raw_size_bytes(); }
  const std::string& sha256() const final { return inner_->sha256(); }
  uint64_t raw_fingerprint() const final { return inner_->raw_fingerprint(); }
  void AssumeContent(uint64_t fingerprint, std::string_view sha256) final {
    inner_->AssumeContent(fingerprint, sha256);
  }

 protected:
  // Call Rewind() when the decoder is complete.
  explicit DecodingSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {}

  // Forgets everything about the stream: it begins again.
  virtual void Restart() = 0;
  // Replaces `out` with decoded bytes; with none exactly at the end, when `inner` is at its end
  // too.
  virtual absl::Status Decode(std::string& out) = 0;

  ByteSource& inner() { return *inner_; }
  // The bytes of `inner` that were read and not used. Reads more when there are none; still none
  // at the end.
  absl::StatusOr<std::string_view> Input();
  void UseInput(size_t bytes) { input_at_ += bytes; }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::string input_;
  size_t input_at_ = 0;
  std::string decoded_;
  size_t at_ = 0;
  int64_t position_ = 0;
  absl::Status status_;  // Of the decoder; told when the bytes before are given out.
};

}  // namespace dq
