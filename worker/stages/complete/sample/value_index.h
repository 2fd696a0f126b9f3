// Where the values of a sample's column are: the code of a value by its hash, and the rows of every
// value. Under the search for dependencies. Not thread-safe: parts are made when they are wanted.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

class ValueIndex {
 public:
  // `column` outlives the index.
  explicit ValueIndex(const EncodedColumn& column);

  static uint64_t HashOf(std::string_view value);
  uint64_t hash(uint32_t code) const { return hashes_[code]; }
  // Returns the code of the value with this hash; kBlank when the column has no such value.
  uint32_t CodeOf(uint64_t hash) const;
  // Returns the rows that hold the value, in order; valid until the next Refresh.
  std::span<const uint32_t> Rows(uint32_t code);
  // Takes in what has become of the column: values added behind the others, rows changed.
  void Refresh();

 private:
  void GroupRows();

  const EncodedColumn& column_;
  std::vector<uint64_t> hashes_;  // By code.
  absl::flat_hash_map<uint64_t, uint32_t> codes_;
  std::vector<uint32_t> rows_;    // By code; empty: not grouped yet.
  std::vector<uint32_t> starts_;  // By code, and the end.
};

// The indexes of a table's columns, each made when it is first asked for.
class ValueIndexes {
 public:
  // `columns` outlives the indexes.
  explicit ValueIndexes(const std::vector<EncodedColumn>& columns)
      : columns_(columns), indexes_(columns.size()) {}

  const std::vector<EncodedColumn>& columns() const { return columns_; }
  ValueIndex& Of(size_t column);

 private:
  const std::vector<EncodedColumn>& columns_;
  std::deque<std::optional<ValueIndex>> indexes_;
};

}  // namespace dq
