// Judges how well one dialect explains a sample of a file: whether the rows come out equally wide
// and their cells look like values. The idea of weighing both is that of van den Burg, Nazabal and
// Sutton, "Wrangling messy CSV files by detecting row and type patterns" (2019). Stateless.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "worker/table/delimited/dialect.h"

namespace dq {

inline constexpr size_t kTrialRecordsMax = 256;  // Of every piece of the sample.

// A piece of a file: from the beginning of a line on; bytes may follow it or not. It must be
// readable for kIndexPaddingBytes more.
struct SamplePiece {
  std::string_view bytes;
  bool ends_file = false;
};

struct TrialResult {
  size_t width = 1;        // Cells of a row: as most records have; of as many, as the first has.
  size_t first_width = 0;  // Cells of the first record.
  double agree = 0;        // Share of the records that are well formed and as wide.
  double quoted = 0;       // Share of the cells that are quoted.
  double spaced = 0;       // Share of the cells behind a delimiter that begin with white space.
  double score = 0;        // 0 to 1; what dialects are compared by.
};

// Reads the pieces with `dialect`. A table of one column never scores more than 0.4.
TrialResult TryDialect(const Dialect& dialect, std::span<const SamplePiece> pieces);

}  // namespace dq
