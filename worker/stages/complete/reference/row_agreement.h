// What rows of the reference with one key have in common. A key stands for one row: the only one
// that has it, or one made of them all, which holds the values that are the same in all of them. So
// it does for the rows whose keys are spelled alike, where some of a key are not. Under
// ReferenceTable. Filled by one thread; then immutable and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/memory_budget.h"
#include "worker/stages/complete/reference/key_spellings.h"
#include "worker/stages/complete/reference/reference_index.h"
#include "worker/stages/complete/reference/reference_rows.h"

namespace dq {

class RowAgreement {
 public:
  using Row = ReferenceRows::Row;
  using Shelf = ReferenceRows::Shelf;
  // Whether a value of one of the columns stands for "no value".
  using IsMissing = absl::FunctionRef<bool(size_t column, std::string_view value)>;

  // Rows are the folded key, the key as it is spelled ("": as it is folded), and the columns.
  // `rows` and `memory` outlive this.
  RowAgreement(ReferenceRows& rows, MemoryBudget& memory) : rows_(rows), spellings_(memory) {}
  // By column, whether it is part of the key: then how it is spelled is no difference to tell of.
  void SetColumns(std::vector<bool> is_key) {
    is_key_ = std::move(is_key);
    differing_keys_.assign(is_key_.size(), 0);
  }

  // Joins a row to what stands for its key so far (see ReferenceIndex::Join). What the row costs
  // that is made of them is what a row of the reference does; OUT_OF_MEMORY, DISK_FULL, IO_FAILED.
  absl::StatusOr<std::optional<int64_t>> Join(const ReferenceIndex::Clash& clash,
                                              IsMissing is_missing, Shelf& shelf);

  // The value that stands where rows differ; no cell has it.
  static bool IsDifference(std::string_view value) { return value == kDifference; }
  static std::string_view SpellingOf(Row row);
  static std::string_view Column(Row row, size_t column) {
    return ReferenceRows::Field(row, column + kOwnFields);
  }
  // Whether FindSpelling may find anything, for any row and for this one.
  bool has_spellings() const { return !spellings_.empty(); }
  static bool HasSpellings(Row row) { return IsDifference(SpellingOf(row)); }
  // For a row of a key: the one of those rows whose keys are spelled so; the row itself when there
  // are none. IO_FAILED of a temporary file.
  absl::StatusOr<Row> FindSpelling(Row row, std::string_view spelling, Shelf& shelf) const;

  // For how many keys rows differ in any column outside of the key, and in each of these.
  int64_t ambiguous_keys() const { return ambiguous_keys_; }
  const std::vector<int64_t>& differing_keys() const { return differing_keys_; }

 private:
  enum class Counted { kNo, kYes };

  static constexpr std::string_view kDifference{"\0", 1};
  static constexpr size_t kOwnFields = 2;  // Of a row, before the columns.

  absl::StatusOr<int64_t> JoinRows(Row into, int64_t place, Row row, IsMissing is_missing,
                                   Counted counted);
  absl::Status NoteSpelling(const ReferenceIndex::Clash& clash, Row first, Row later,
                            IsMissing is_missing, Shelf& shelf);

  ReferenceRows& rows_;
  KeySpellings spellings_;
  std::vector<bool> is_key_;
  std::vector<std::string_view> fields_;
  int64_t ambiguous_keys_ = 0;
  std::vector<int64_t> differing_keys_;  // By column.
};

}  // namespace dq
