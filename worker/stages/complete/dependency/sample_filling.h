// The sample of a file's rows while its missing cells are filled: as the rows will be filled in the
// last pass, so that what is learned from it is what a run over the cleaned file would learn. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/base/task_pool.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/dependency/dependency_table.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/reference/reference_look_up.h"
#include "worker/stages/complete/reference/reference_table.h"
#include "worker/stages/complete/sample/encoded_column.h"
#include "worker/stages/complete/sample/kept_texts.h"
#include "worker/stages/complete/sample/value_index.h"

namespace dq {

class SampleFilling {
 public:
  // Takes the sample, missing cells blank. `rules`, `tokens` and `memory` outlive it. Of equal rows
  // it keeps the first: what fills that one fills them all, and a copy is no evidence.
  SampleFilling(std::vector<EncodedColumn> columns, std::vector<const ColumnRule*> rules,
                const MissingTokens& tokens, MemoryBudget& memory);
  SampleFilling(const SampleFilling&) = delete;
  SampleFilling& operator=(const SampleFilling&) = delete;

  // The distinct rows as they are now; their texts live as long as the sample, this object and the
  // tables it was filled by.
  const std::vector<EncodedColumn>& columns() const { return columns_; }
  // The same with its indexes.
  ValueIndexes& indexed() { return indexes_; }
  // Whether `value` would be a value in that column, not a missing one.
  bool CanTake(size_t column, std::string_view value) const {
    return !value.empty() && !rules_[column]->IsMissing(value, tokens_);
  }

  // Fills what the reference knows by key, once, first; of long values their beginning, as in the
  // sample. IO_FAILED of a temporary file, OUT_OF_MEMORY.
  absl::Status FillByKey(const ReferenceKey& key);
  // Fills what `table` learns about it as it is, then is not any more. Returns which columns have
  // changed. Independent of the threads of `pool`.
  std::vector<bool> Fill(DependencyTable& table, double confidence_min, TaskPool& pool);

 private:
  // A cell that is filled when all rows have been looked at.
  struct Filling {
    size_t column;
    size_t row;
    std::string_view value;
  };
  // Those of a range of rows, and where those of the row at hand begin.
  struct Fillings {
    std::vector<Filling> all;
    size_t row_begin = 0;
  };
  // What a table answers about a column of a row.
  using Ask = absl::FunctionRef<std::optional<DependencyTable::Answer>(
      size_t target, DependencyTable::CellOf cell)>;

  absl::Status FillRowByKey(const ReferenceKey& key, size_t row);
  void FillRow(const DependencyTable& table, Ask ask, size_t row, Fillings& fillings) const;
  bool FillRowOnce(const DependencyTable& table, Ask ask, size_t row, Fillings& fillings) const;
  std::string_view Cell(size_t column, size_t row) const;
  std::string_view CellFilled(size_t column, size_t row, const Fillings& fillings) const;
  absl::Status SetCopy(size_t column, size_t row, std::string_view value);
  void Set(size_t column, size_t row, std::string_view value);
  void ForgetCopies();

  std::vector<EncodedColumn> columns_;
  std::vector<const ColumnRule*> rules_;
  const MissingTokens& tokens_;
  ValueIndexes indexes_{columns_};
  std::vector<bool> changed_;
  std::vector<size_t> blank_;  // Columns with missing cells.
  KeptTexts texts_;            // Of the reference.
  ReferenceTable::Shelf shelf_;
};

}  // namespace dq
