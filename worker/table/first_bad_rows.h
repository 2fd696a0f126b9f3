// Remembers the first bad rows of a table whose rejects go to no file, for a note. A sink of a
// RowReader's rejects. Not thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "worker/table/row_sink.h"

namespace dq {

inline constexpr size_t kFirstBadRowsMax = 3;

class FirstBadRows final : public RowSink {
 public:
  // Takes a row of the rejects: row,byte,reason,content. Never fails.
  absl::Status Add(std::span<const std::string_view> cells) override;

  // At most kFirstBadRowsMax, each as "row 2 (byte 13, ragged)".
  const std::vector<std::string>& rows() const { return rows_; }

 private:
  std::vector<std::string> rows_;
};

}  // namespace dq
