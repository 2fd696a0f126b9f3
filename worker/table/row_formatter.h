// How the rows of a batch are written as text; CsvFormatter is one. Implementations are immutable
// but for what they count: several threads may format at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "worker/table/row_batch.h"

namespace dq {

class RowFormatter {
 public:
  virtual ~RowFormatter() = default;
  // Appends what comes before the first row: a header, a mark of the encoding.
  virtual absl::Status AppendHeader(std::string& out) const = 0;
  // Appends the rows [begin, end) of the batch that are not dropped.
  virtual absl::Status AppendRows(std::string& out, const RowBatch& batch, size_t begin,
                                  size_t end) const = 0;
  // To how many cells, names of columns among them, it has given a guard against formulas so far.
  virtual int64_t cells_guarded() const { return 0; }
};

}  // namespace dq
