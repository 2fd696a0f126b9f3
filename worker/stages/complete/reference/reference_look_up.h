// Looks up many rows of a batch in the reference at once: memory is under way for some keys while
// others are compared. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/stages/complete/column_rule.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/reference/reference_table.h"
#include "worker/table/row_batch.h"

namespace dq {

// What the rows of a file are looked up by.
struct ReferenceKey {
  const ReferenceTable* table = nullptr;  // Null: there is none.
  std::vector<size_t> columns = {};       // Of the file.
};

// Returns the row of the reference for one row of the file, of which `cell` gives the values,
// trimmed, empty when missing; null when there is none. It lives as long as the shelf. IO_FAILED of
// a temporary file.
absl::StatusOr<ReferenceTable::Row> FindRow(const ReferenceKey& key,
                                            absl::FunctionRef<std::string_view(size_t)> cell,
                                            ReferenceTable::Shelf& shelf);

class ReferenceLookUp {
 public:
  // Looks up the keys of `rows`, which ascend. A row without a whole key is not looked up.
  // IO_FAILED of a temporary file.
  absl::Status LookUp(const RowBatch& batch, const std::vector<uint32_t>& rows,
                      const ReferenceKey& key, const std::vector<const ColumnRule*>& columns,
                      const MissingTokens& tokens);
  // What was found for `row`, until the next LookUp; null when it was not among the rows, or
  // nothing was found. Calls ascend.
  ReferenceTable::Row Of(uint32_t row);

 private:
  struct Wanted {
    uint32_t row;
    uint32_t key_end;  // In keys_; it begins where the one before ends.
    uint64_t hash;
    ReferenceTable::Row found;
  };

  void AddKey(const RowBatch& batch, uint32_t row, const ReferenceKey& key,
              const std::vector<const ColumnRule*>& columns, const MissingTokens& tokens);

  absl::Status LookUpSpellings(const RowBatch& batch, const ReferenceKey& key);

  std::vector<Wanted> wanted_;
  std::string keys_;
  std::string spelling_;
  size_t at_ = 0;
  ReferenceTable::Shelf shelf_;
};

}  // namespace dq
