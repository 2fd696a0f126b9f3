// Packs bytes as one gzip or zstd stream while they are written. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "worker/table/bytes/file_form.h"

namespace dq {

class StreamPacker {
 public:
  virtual ~StreamPacker() = default;
  // Appends to `out` what is ready of the packed form of all bytes given so far. The same bytes in
  // the same pieces give the same result.
  virtual absl::Status Pack(std::string_view bytes, std::string& out) = 0;
  // Appends the rest. Called once, last.
  virtual absl::Status End(std::string& out) = 0;
};

// Null for kNone.
std::unique_ptr<StreamPacker> MakePacker(Compression compression);

}  // namespace dq
