// Where rows of text cells go: the side outputs of a chain (changes, clusters, rejects). Not
// thread-safe.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"

namespace dq {

class RowSink {
 public:
  virtual ~RowSink() = default;
  // Adds one row. May buffer: an error of the disk can come late, at the latest when the owner ends
  // the file.
  virtual absl::Status Add(std::span<const std::string_view> cells) = 0;
};

}  // namespace dq
