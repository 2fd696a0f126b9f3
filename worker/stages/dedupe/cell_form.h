// How the cells of a column are compared for equality after folding: texts by what they say, codes
// by their signs. Found out from the first rows of a table, whatever its batches. Sits under both
// forms of stage `dedupe`. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/table/row_batch.h"

namespace dq {

enum class CellForm {
  kAsWritten,
  kTrimmed,  // Without white space at its ends: codes whose letters mean another thing in capitals.
  kKey,      // As keys are (AppendKeyFolded): codes.
  kFolded,   // As texts are (AppendFolded).
};

// Appends a cell as it is compared.
void AppendCell(std::string& out, std::string_view cell, CellForm form);

class CellForms {
 public:
  // Looks at so many bytes at most.
  static constexpr int64_t kBytesMax = int64_t{4} << 20;

  // Of `columns` (indexes into the batches). Until something is seen they are texts.
  explicit CellForms(std::vector<size_t> columns);

  // Looks at the rows up to number `last`, batch by batch; returns whether to go on.
  bool Look(const RowBatch& batch, int64_t last);
  // One a column: codes where of at least five values 90 % are codes, three of them different;
  // trimmed only where half of these have a capital behind a small letter.
  std::vector<CellForm> Forms() const;

 private:
  struct Seen {
    int64_t values = 0;
    int64_t codes = 0;
    int64_t mixed = 0;                   // Codes with a capital behind a small letter.
    std::vector<std::string> different;  // The first ones.
  };

  static void Add(std::string_view value, Seen& seen);
  static CellForm FormOf(const Seen& seen);

  std::vector<size_t> columns_;
  std::vector<Seen> seen_;  // By place in `columns_`.
  int64_t bytes_ = 0;
};

}  // namespace dq
