// The bytes of an open regular file as they are; notices when they change between two passes. Uses
// pread only: never the descriptor's own position, never a mapping (a truncated mapping is a
// SIGBUS). Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/sha256.h"
#include "worker/table/bytes/byte_source.h"

namespace dq {

class FileSource final : public ByteSource {
 public:
  // Takes the size as it is now. `fd` must outlive the source. UNSUPPORTED_FORMAT for anything but
  // a regular file.
  static absl::StatusOr<std::unique_ptr<FileSource>> Open(int fd, Digest digest = Digest::kWanted);
  ~FileSource() override;

  // INPUT_CHANGED when the file got shorter, or, at the end, when it was written since Open or its
  // bytes are not those of the first complete pass.
  absl::StatusOr<size_t> Read(char* out, size_t size) override;
  bool AtEnd() const override { return position_ == size_bytes_; }
  void Rewind() override;
  absl::StatusOr<size_t> Glance(int64_t offset, char* out, size_t size) override;

  int64_t size_bytes() const override { return size_bytes_; }
  int64_t position() const override { return position_; }
  int64_t raw_position() const override { return position_; }
  int64_t raw_size_bytes() const override { return size_bytes_; }
  // "" when it was said not to be wanted.
  const std::string& sha256() const override { return sha256_; }
  uint64_t raw_fingerprint() const override;
  void AssumeContent(uint64_t fingerprint, std::string_view sha256) override;

  // XXH3 (64 bits) of the first `size` bytes of `fd`; INPUT_CHANGED when there are fewer. CANCELLED
  // when `stop` says so.
  static absl::StatusOr<uint64_t> FingerprintOf(int fd, int64_t size,
                                                const std::function<bool()>& stop);

 private:
  FileSource(int fd, int64_t size_bytes, int64_t written_ns, Digest digest);
  absl::StatusOr<size_t> ReadAt(int64_t offset, char* out, size_t size);
  void StartPass();
  absl::Status EndPass();

  struct Fingerprint;
  int fd_;
  int64_t size_bytes_;
  int64_t written_ns_;  // When it was last written before Open, by the clock of its file system.
  int64_t position_ = 0;
  std::unique_ptr<Fingerprint> fingerprint_;  // Of this pass, cheap.
  std::optional<uint64_t> first_fingerprint_;
  Digest digest_;
  std::unique_ptr<Sha256> hash_;  // Of the first pass only; null when nobody will ask.
  std::string sha256_;
};

}  // namespace dq
