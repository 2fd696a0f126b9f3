// Compares two records field by field: every field gives a level of agreement, and the levels of
// all fields together are the pair's pattern. Sits between the record store and the model. Read by
// many threads once made.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/stage.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/fuzzy/field_kind.h"
#include "worker/stages/dedupe/fuzzy/field_levels.h"
#include "worker/stages/dedupe/fuzzy/gram_vectors.h"
#include "worker/stages/dedupe/fuzzy/letter_bag.h"
#include "worker/stages/dedupe/fuzzy/text_standing.h"
#include "worker/stages/dedupe/fuzzy/word_vectors.h"
#include "worker/stages/dedupe/record_store.h"

namespace dq {

inline constexpr int kLevelBits = 4;
// More fields than fit a pattern are not compared; the most telling ones are.
inline constexpr size_t kComparedFieldsMax = 16;

// Four bits a field, the first field lowest.
using Pattern = uint64_t;

inline uint32_t LevelOf(Pattern pattern, size_t field) {
  return static_cast<uint32_t>(pattern >> (field * kLevelBits)) & kLevelUnknown;
}

// How two records agree.
struct Agreement {
  Pattern pattern = 0;
  // Of graded fields that are known in both records and not equal: what the values share, 0 to 1.
  std::array<double, kComparedFieldsMax> shares;
};

// A field of the store that is compared.
struct ComparedField {
  size_t field = 0;  // In the store.
  FieldKind kind = FieldKind::kName;
  size_t levels = 0;                 // Used ones, without kLevelUnknown.
  std::vector<size_t> columns = {};  // Of the file, whose cells it holds.
  std::optional<size_t> swaps = {};  // The compared field whose value may stand here by mistake.
};

class RecordComparison {
 public:
  // Decides the kinds of the store's fields, brings their values into canonical form and chooses
  // what is compared. `store` and what `context` points to outlive the comparison. OUT_OF_MEMORY,
  // CANCELLED.
  static absl::StatusOr<RecordComparison> Prepare(RecordStore& store, const StageContext& context);

  const std::vector<ComparedField>& fields() const { return fields_; }
  // Why a column of the file is not compared.
  enum class LeftOut { kOneValue, kNumbersTheRows, kTellsLeast };
  struct LeftOutColumn {
    size_t column = 0;
    LeftOut reason = LeftOut::kOneValue;
  };
  // In the order of the store's fields.
  std::vector<LeftOutColumn> ColumnsLeftOut() const;
  // The text vectors of a compared field, null for other kinds than text.
  const GramVectors* grams(size_t field) const {
    return grams_[field].has_value() ? &*grams_[field] : nullptr;
  }
  // The value of a compared field.
  ValueId value(RecordId record, size_t field) const {
    return store_->cell(record, fields_[field].field);
  }
  const ValueDictionary& values(size_t field) const { return store_->values(fields_[field].field); }

  // The longest text of the records, if there is one: what may have a standing.
  std::optional<size_t> LongestText() const;
  // From now on the standing of that text is compared as a field of its own, the last one.
  void AddStanding(size_t text, TextStanding standing);
  // Takes the standing away.
  void DropStanding();

  Agreement Compare(RecordId a, RecordId b) const;
  // Whether values of the field are compared by a share of what they have in common.
  bool IsGraded(size_t field) const {
    return fields_[field].kind == FieldKind::kText || fields_[field].kind == FieldKind::kPhrase;
  }
  // Where in its level two unequal values of a graded field stand, by what they share: the place of
  // a level between its neighbours, such as 3.2 for one that is nearly of the fourth level.
  double PlaceOf(size_t field, uint32_t level, double share) const;

 private:
  RecordComparison(const RecordStore& store, MemoryBudget& memory)
      : store_(&store), index_bytes_(memory, "the values to compare") {}
  // How two values agree; `share` is that of a graded field.
  struct Graded {
    uint32_t level = kLevelUnknown;
    double share = 0;
  };

  void FindSwaps();
  Graded CompareField(size_t field, ValueId a, ValueId b) const;
  uint32_t CompareUngraded(size_t field, ValueId a, ValueId b) const;
  absl::Status Index(size_t field, MemoryBudget& memory);
  uint32_t CompareStanding(RecordId a, RecordId b, const Agreement& found) const;
  Pattern SeeThroughSwap(Pattern pattern, size_t field, RecordId a, RecordId b) const;
  double CrossAlike(size_t field, ValueId here, size_t other, ValueId there) const;
  bool Swapped(size_t field, RecordId a, RecordId b) const;

  const RecordStore* store_;
  TakenBytes index_bytes_;
  std::vector<ComparedField> fields_;
  std::vector<size_t>
      telling_least_;  // Columns of the file that are not compared for want of room.
  std::vector<std::optional<GramVectors>> grams_;  // For kText.
  std::vector<std::optional<WordVectors>> words_;  // For kPhrase and kAddress.
  std::optional<TextStanding> standing_;
  size_t standing_text_ = 0;                     // The compared field whose standing it is.
  std::vector<std::vector<LetterBag>> letters_;  // By compared field and value, for kName.
  std::vector<std::vector<double>> numbers_;     // By compared field and value, for kNumber.
};

}  // namespace dq
