#include "worker/stages/complete/reference/row_agreement.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include "common/base/status_macros.h"
#include "xxhash.h"

namespace dq {
namespace {

uint64_t HashOf(std::string_view spelling) { return XXH3_64bits(spelling.data(), spelling.size()); }

}  // namespace

std::string_view RowAgreement::SpellingOf(Row row) {
  const std::string_view spelling = ReferenceRows::Field(row, 1);
  return spelling.empty() ? ReferenceRows::Field(row, 0) : spelling;
}

absl::StatusOr<std::optional<int64_t>> RowAgreement::Join(const ReferenceIndex::Clash& clash,
                                                          IsMissing is_missing, Shelf& shelf) {
  DQ_ASSIGN_OR_RETURN(const Row first, rows_.Read(clash.first_place, shelf));
  DQ_ASSIGN_OR_RETURN(const Row later, rows_.Read(clash.place, shelf));
  if (ReferenceRows::Field(first, 0) != ReferenceRows::Field(later, 0)) return std::nullopt;
  DQ_RETURN_IF_ERROR(NoteSpelling(clash, first, later, is_missing, shelf));
  return JoinRows(first, clash.first_place, later, is_missing, Counted::kYes);
}

// Returns where the row is that holds what both have: `place`, that of `into`, when `row` has all
// that is there.
absl::StatusOr<int64_t> RowAgreement::JoinRows(Row into, int64_t place, Row row,
                                               IsMissing is_missing, Counted counted) {
  const size_t columns = differing_keys_.size();
  fields_.clear();
  bool known = false;  // Whether they differed before in some column.
  bool found = false;
  bool same = true;
  for (size_t i = 0; i < kOwnFields + columns; ++i) {
    const std::string_view value = ReferenceRows::TakeField(into);
    const std::string_view other = ReferenceRows::TakeField(row);
    const bool is_column = i >= kOwnFields;
    const size_t column = i - kOwnFields;
    const bool differed = IsDifference(value);
    const bool agree = differed || value == other ||
                       (is_column && is_missing(column, value) && is_missing(column, other));
    fields_.push_back(agree ? value : kDifference);
    same &= agree;
    if (!is_column || is_key_[column] || counted == Counted::kNo) continue;
    known |= differed;
    found |= !agree;
    if (!agree) ++differing_keys_[column];
  }
  if (found && !known) ++ambiguous_keys_;
  if (same) return place;
  return rows_.Add(fields_);
}

// Notes what stands for the rows of every spelling once a key is spelled in two ways.
absl::Status RowAgreement::NoteSpelling(const ReferenceIndex::Clash& clash, Row first, Row later,
                                        IsMissing is_missing, Shelf& shelf) {
  const std::string_view so_far = SpellingOf(first);
  const std::string_view spelling = SpellingOf(later);
  if (so_far == spelling) return absl::OkStatus();
  if (!IsDifference(so_far)) {
    DQ_RETURN_IF_ERROR(spellings_.Set(HashOf(so_far), clash.first_place));
  }
  const uint64_t hash = HashOf(spelling);
  const std::optional<int64_t> noted = spellings_.Find(hash);
  if (!noted.has_value()) return spellings_.Set(hash, clash.place);
  DQ_ASSIGN_OR_RETURN(const Row alike, rows_.Read(*noted, shelf));
  if (SpellingOf(alike) != spelling) {
    spellings_.Forget(hash);
    return absl::OkStatus();
  }
  DQ_ASSIGN_OR_RETURN(const int64_t place,
                      JoinRows(alike, *noted, later, is_missing, Counted::kNo));
  return spellings_.Set(hash, place);
}

absl::StatusOr<RowAgreement::Row> RowAgreement::FindSpelling(Row row, std::string_view spelling,
                                                             Shelf& shelf) const {
  if (!HasSpellings(row)) return row;
  const std::optional<int64_t> place = spellings_.Find(HashOf(spelling));
  if (!place.has_value()) return row;
  DQ_ASSIGN_OR_RETURN(const Row alike, rows_.Read(*place, shelf));
  return SpellingOf(alike) == spelling ? alike : row;
}

}  // namespace dq
