// The sample of a file's rows while its missing cells are filled: as the rows will be filled in the
// last pass, so that what is learned from it is what a run over the cleaned file would learn. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/dependency_table.h"
#include "worker/stages/complete/encoded_column.h"
#include "worker/stages/complete/missing_tokens.h"
#include "worker/stages/complete/reference_look_up.h"
#include "worker/stages/complete/reference_table.h"

namespace dq {

class SampleFilling {
 public:
  // Takes the sample, missing cells blank. `rules` and `tokens` outlive it.
  SampleFilling(std::vector<EncodedColumn> columns, std::vector<const ColumnRule*> rules,
                const MissingTokens& tokens);

  // The rows as they are now; their texts live as long as the sample, the reference and the tables
  // it was filled by.
  const std::vector<EncodedColumn>& columns() const { return columns_; }
  // Whether `value` would be a value in that column, not a missing one.
  bool CanTake(size_t column, std::string_view value) const {
    return !value.empty() && !rules_[column]->IsMissing(value, tokens_);
  }

  // Fills what the reference knows by key, once, first. IO_FAILED of a temporary file.
  absl::Status FillByKey(const ReferenceKey& key);
  // Fills what `table` says, again while something was filled. Returns which columns have changed.
  std::vector<bool> Fill(const DependencyTable& table, double confidence_min);

 private:
  absl::Status FillRowByKey(const ReferenceKey& key, size_t row);
  bool FillRow(const DependencyTable& table, double confidence_min, size_t row);
  std::string_view Cell(size_t column, size_t row) const;
  void Set(size_t column, size_t row, std::string_view value);

  std::vector<EncodedColumn> columns_;
  std::vector<const ColumnRule*> rules_;
  const MissingTokens& tokens_;
  std::vector<absl::flat_hash_map<std::string_view, uint32_t>> codes_;  // Of columns that changed.
  std::vector<bool> changed_;
  std::vector<size_t> blank_;  // Columns with missing cells.
  ReferenceTable::Shelf shelf_;
};

}  // namespace dq
