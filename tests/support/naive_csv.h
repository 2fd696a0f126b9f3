// Reads delimited text one byte after the other, by the rules of worker/README.md and nothing else:
// what CsvReader is compared with. Slow and plain on purpose; knows nothing of batches. Stateless.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/table/bad_row.h"
#include "worker/table/table_layout.h"

namespace dq {

// What a pass over a table gives.
struct NaiveTable {
  std::vector<std::vector<std::string>> rows;
  std::vector<int64_t> numbers;                     // Of the rows.
  std::vector<std::array<std::string, 4>> rejects;  // row,byte,reason,content; comments too.
  int64_t rows_read = 0;                            // Rejected ones too.
  int64_t blank_lines = 0;
  int64_t comment_lines = 0;
  int64_t padded = 0;
  bool operator==(const NaiveTable&) const = default;
};

// Reads the rows of `text`, the table in which begins as `layout` says. Not for
// BadRowPolicy::kFail.
NaiveTable ReadNaively(std::string_view text, const TableLayout& layout, BadRowPolicy on_bad_row);

}  // namespace dq
