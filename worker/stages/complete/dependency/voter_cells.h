// The cells of rows that voted, by which other rows are told to be like them or not. Held once for
// all rules of a table: a row votes in many. Beside the table of dependencies. Thread-safe while no
// row is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

class VoterCells {
 public:
  // Rows are compared in `columns` of `rows`, which outlives the learning and stays as it is while
  // it lasts.
  VoterCells(const std::vector<EncodedColumn>& rows, std::vector<size_t> columns);

  // Keeps the cells of a row, once; returns their place.
  uint32_t Keep(uint32_t row);
  // Ends learning: no other row is kept.
  void Close();

  // The columns that are compared.
  std::span<const size_t> columns() const { return columns_; }
  // The cells of the row at `place` in these columns, hashed by DependencyRule::HashOf.
  std::span<const uint64_t> At(uint32_t place) const {
    return std::span(cells_).subspan(place * columns_.size(), columns_.size());
  }
  size_t bytes() const;

 private:
  const std::vector<EncodedColumn>* rows_;
  std::vector<size_t> columns_;
  std::vector<uint32_t> places_;  // By row, while learning; empty: none is kept.
  std::vector<uint64_t> cells_;
};

}  // namespace dq
