// Judges whether the first row of a table holds the names of its columns. Stateless; thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace dq {

// Points for and against.
struct HeaderEvidence {
  double names = 0;   // Columns of numbers, dates, addresses or codes below a cell that is none.
  double values = 0;  // Columns whose first cell is like those below it, or one of them.

  // Whether the row is data: only what speaks against names, and enough of it.
  bool IsData() const { return values >= 1 && names == 0; }
  // How sure that is, 0 to 1; two thirds for names when nothing speaks for or against them.
  double Confidence() const {
    return IsData() ? values / (values + 0.5) : (names + 1) / (names + 1.5 + values);
  }
};

using RowText = std::vector<std::string>;

// Compares `row` with the rows below it. Years in a row count as names. Rows that repeat all of
// several cells speak neither for values nor against names where others tell that these are names:
// there the header comes again, as where files were put behind each other.
HeaderEvidence JudgeHeader(const RowText& row, std::span<const RowText> below);

// Whether the cells could be names: at least half of them hold something, at least half of that
// text and the rest whole numbers, such as years.
bool CouldBeNames(const RowText& row);

}  // namespace dq
