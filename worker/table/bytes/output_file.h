// Writes an open file front to back through a buffer, packing it when asked, counting and hashing
// what was written. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/base/sha256.h"
#include "worker/table/bytes/stream_packer.h"

namespace dq {

inline constexpr size_t kOutputBufferBytes = size_t{1} << 20;

// How far a file was written.
struct OutputPlace {
  int64_t size_bytes = -1;  // -1: there is no file.
  std::string sha256;       // Of these bytes, lower-case hex.
};

class OutputFile {
 public:
  // `fd` must outlive the file; `name` is for messages, for example "the cleaned file".
  // `packer`: null for a file that is not packed.
  OutputFile(int fd, std::string_view name, std::unique_ptr<StreamPacker> packer = nullptr)
      : fd_(fd), name_(name), packer_(std::move(packer)) {}

  // The buffer: append to it, then call Flush now and then.
  std::string& buffer() { return buffer_; }
  // Writes the buffer out when it is full. DISK_FULL or IO_FAILED; both stick.
  absl::Status FlushIfFull() {
    return buffer_.size() < kOutputBufferBytes ? absl::OkStatus() : Flush();
  }
  // Writes what is in the buffer, then `text`, past the buffer. Errors as above.
  absl::Status Write(std::string_view text);
  // Writes everything out and waits until it is on the disk. Errors as above.
  absl::Status Sync();
  // Goes on behind what an earlier run had written at `place`, which is read again for the digest;
  // what lies behind is cut off. CHECKPOINT_INVALID when it is not there or other bytes are;
  // IO_FAILED. Called first, on a file that is readable.
  absl::Status Resume(const OutputPlace& place, const std::function<bool()>& stop);
  // Empties the file, whatever an earlier run has written. IO_FAILED. Called first.
  absl::Status Clear() { return CutTo(0); }
  // Writes what is left and ends the digest. Called once, last.
  absl::Status Finish();

  // What was written so far, without the buffer: after Sync where Resume is to go on.
  OutputPlace place() const { return {size_bytes_, hash_.SoFar()}; }
  // Of the file, so packed where it is.
  int64_t size_bytes() const { return size_bytes_; }
  bool packed() const { return packer_ != nullptr; }
  // Lower-case hex; after Finish.
  const std::string& sha256() const { return sha256_; }

 private:
  absl::Status Flush();
  absl::Status WriteOut(std::string_view text);
  absl::Status WriteRaw(std::string_view bytes);
  absl::Status CutTo(int64_t size_bytes);

  int fd_;
  std::string name_;
  std::unique_ptr<StreamPacker> packer_;
  std::string packed_;
  std::string buffer_;
  int64_t size_bytes_ = 0;
  Sha256 hash_;
  std::string sha256_;
};

}  // namespace dq
