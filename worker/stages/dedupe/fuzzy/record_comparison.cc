#include "worker/stages/dedupe/fuzzy/record_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/fuzzy/comparators.h"
#include "worker/stages/dedupe/fuzzy/planned_fields.h"

namespace dq {
namespace {

bool MaySwap(FieldKind kind) {
  return kind == FieldKind::kName || kind == FieldKind::kPhrase || kind == FieldKind::kText;
}

}  // namespace

absl::StatusOr<RecordComparison> RecordComparison::Prepare(RecordStore& store,
                                                           const StageContext& context) {
  RecordComparison made(store, context.memory);
  DQ_ASSIGN_OR_RETURN(const std::vector<PlannedField> planned, PlanFields(store, context));
  std::vector<std::pair<double, ComparedField>> candidates;
  for (const PlannedField& plan : planned) {
    candidates.push_back({-plan.telling,
                          {.field = plan.field,
                           .kind = plan.kind,
                           .levels = LevelsOf(plan.kind),
                           .columns = plan.columns}});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  while (candidates.size() > kComparedFieldsMax) {
    const std::vector<size_t>& columns = candidates.back().second.columns;
    made.telling_least_.insert(made.telling_least_.end(), columns.begin(), columns.end());
    candidates.pop_back();
  }
  for (const auto& [telling, field] : candidates) made.fields_.push_back(field);
  std::sort(made.fields_.begin(), made.fields_.end(),
            [](const ComparedField& a, const ComparedField& b) { return a.field < b.field; });
  made.grams_.resize(made.fields_.size());
  made.words_.resize(made.fields_.size());
  made.numbers_.resize(made.fields_.size());
  made.letters_.resize(made.fields_.size());
  for (size_t i = 0; i < made.fields_.size(); ++i) {
    DQ_RETURN_IF_ERROR(CheckStop(context.stop));
    DQ_RETURN_IF_ERROR(made.Index(i, context.memory));
  }
  made.FindSwaps();
  return made;
}

std::vector<RecordComparison::LeftOutColumn> RecordComparison::ColumnsLeftOut() const {
  std::set<size_t> told;
  for (const ComparedField& field : fields_) {
    told.insert(field.columns.begin(), field.columns.end());
  }
  std::vector<LeftOutColumn> left_out;
  for (size_t i = 0; i < store_->fields(); ++i) {
    const size_t column = store_->column(i);
    if (!told.insert(column).second) continue;  // A derived field may stand for it once more.
    const bool no_room =
        std::find(telling_least_.begin(), telling_least_.end(), column) != telling_least_.end();
    left_out.push_back({column, no_room                        ? LeftOut::kTellsLeast
                                : store_->values(i).size() < 2 ? LeftOut::kOneValue
                                                               : LeftOut::kNumbersTheRows});
  }
  return left_out;
}

// Makes what comparing values of the field needs.
absl::Status RecordComparison::Index(size_t field, MemoryBudget& memory) {
  const ValueDictionary& texts = values(field);
  if (fields_[field].kind == FieldKind::kText) {
    DQ_ASSIGN_OR_RETURN(GramVectors vectors, GramVectors::Build(texts, memory));
    grams_[field].emplace(std::move(vectors));
  } else if (fields_[field].kind == FieldKind::kPhrase ||
             fields_[field].kind == FieldKind::kAddress) {
    const bool address = fields_[field].kind == FieldKind::kAddress;
    const auto words_of = [address](std::string_view text) {
      const HouseAndStreet parts = address ? SplitAddress(text) : HouseAndStreet{};
      return parts.house.empty() ? text : parts.street;
    };
    DQ_ASSIGN_OR_RETURN(WordVectors vectors, WordVectors::Build(texts, words_of, memory));
    words_[field].emplace(std::move(vectors));
  } else if (fields_[field].kind == FieldKind::kName) {
    DQ_RETURN_IF_ERROR(index_bytes_.Take((texts.size() + size_t{1}) * sizeof(LetterBag)));
    letters_[field].reserve(texts.size() + size_t{1});
    letters_[field].push_back(0);
    for (ValueId id = 1; id <= texts.size(); ++id) letters_[field].push_back(BagOf(texts.text(id)));
  } else if (fields_[field].kind == FieldKind::kNumber) {
    DQ_RETURN_IF_ERROR(index_bytes_.Take((texts.size() + size_t{1}) * sizeof(double)));
    numbers_[field].reserve(texts.size() + size_t{1});
    numbers_[field].push_back(0);
    for (ValueId id = 1; id <= texts.size(); ++id) {
      numbers_[field].push_back(QuantityOf(texts.text(id)));
    }
  }
  return absl::OkStatus();
}

std::optional<size_t> RecordComparison::LongestText() const {
  std::optional<size_t> longest;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (grams_[i].has_value() &&
        (!longest || grams_[i]->MeanGrams() > grams_[*longest]->MeanGrams())) {
      longest = i;
    }
  }
  if (fields_.size() == kComparedFieldsMax) return std::nullopt;
  return longest;
}

void RecordComparison::AddStanding(size_t text, TextStanding standing) {
  standing_text_ = text;
  standing_.emplace(std::move(standing));
  fields_.push_back(fields_[text]);
  fields_.back().kind = FieldKind::kStanding;
  fields_.back().levels = LevelsOf(FieldKind::kStanding);
  fields_.back().swaps.reset();
  grams_.emplace_back();
  words_.emplace_back();
  numbers_.emplace_back();
  letters_.emplace_back();
}

void RecordComparison::DropStanding() {
  if (!standing_) return;
  standing_.reset();
  fields_.pop_back();
  grams_.pop_back();
  words_.pop_back();
  numbers_.pop_back();
  letters_.pop_back();
}

// `found` knows the text already.
uint32_t RecordComparison::CompareStanding(RecordId a, RecordId b, const Agreement& found) const {
  const ValueId left = value(a, standing_text_);
  const ValueId right = value(b, standing_text_);
  if (left == kNoValue || right == kNoValue) return kLevelUnknown;
  const double alike =
      left == right ? grams_[standing_text_]->Cosine(left, right) : found.shares[standing_text_];
  return CompareStandings(standing_->Of(a, b, alike));
}

// Neighbours of a kind can take each other's place: given name and surname, two lines of an
// address.
void RecordComparison::FindSwaps() {
  for (size_t i = 0; i + 1 < fields_.size(); ++i) {
    const std::vector<size_t>& here = fields_[i].columns;
    const std::vector<size_t>& next = fields_[i + 1].columns;
    if (MaySwap(fields_[i].kind) && fields_[i].kind == fields_[i + 1].kind && here.size() == 1 &&
        next.size() == 1 && here.front() + 1 == next.front()) {
      fields_[i].swaps = i + 1;
    }
  }
}

Agreement RecordComparison::Compare(RecordId a, RecordId b) const {
  const ValueId* left = store_->cells(a);
  const ValueId* right = store_->cells(b);
  Agreement agreement;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const size_t field = fields_[i].field;
    Graded graded;
    if (fields_[i].kind == FieldKind::kStanding) {
      graded.level = CompareStanding(a, b, agreement);
    } else {
      graded = CompareField(i, left[field], right[field]);
    }
    agreement.pattern |= Pattern{graded.level} << (i * kLevelBits);
    agreement.shares[i] = graded.share;
  }
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].swaps.has_value()) {
      agreement.pattern = SeeThroughSwap(agreement.pattern, i, a, b);
    }
  }
  return agreement;
}

// Sets levels that disagree to nearly equal where the value stands in the neighbouring field.
Pattern RecordComparison::SeeThroughSwap(Pattern pattern, size_t field, RecordId a,
                                         RecordId b) const {
  const size_t other = *fields_[field].swaps;
  const uint32_t here = LevelOf(pattern, field);
  const uint32_t there = LevelOf(pattern, other);
  if (here <= 2 || there <= 2 || (here == kLevelUnknown && there == kLevelUnknown)) return pattern;
  if (!Swapped(field, a, b)) return pattern;
  for (const size_t swapped : {field, other}) {
    if (LevelOf(pattern, swapped) == kLevelUnknown) continue;
    pattern &= ~(Pattern{kLevelUnknown} << (swapped * kLevelBits));
    pattern |= Pattern{1} << (swapped * kLevelBits);
  }
  return pattern;
}

// Whether each value that is known on both sides stands in the other field of the other record:
// both, or the one that is left when one of the four is missing.
bool RecordComparison::Swapped(size_t field, RecordId a, RecordId b) const {
  constexpr double kAlike = 0.92;
  constexpr double kOtherAlike = 0.85;  // When the first is as much alike as it takes.
  const size_t other = *fields_[field].swaps;
  const double across = CrossAlike(field, value(a, field), other, value(b, other));
  const double back = CrossAlike(field, value(b, field), other, value(a, other));
  if (across < 0 || back < 0) return IsAtLeast(std::max(across, back), kAlike);
  return IsAtLeast(std::max(across, back), kAlike) &&
         IsAtLeast(std::min(across, back), kOtherAlike);
}

// How alike values of two fields are; below 0 when one of them is missing.
double RecordComparison::CrossAlike(size_t field, ValueId here, size_t other, ValueId there) const {
  if (here == kNoValue || there == kNoValue) return -1;
  const std::string_view left = values(field).text(here);
  const std::string_view right = values(other).text(there);
  constexpr double kWorthComparing = 0.85;
  if (!letters_[field].empty() && !letters_[other].empty() &&
      !IsAtLeast(JaroWinklerMost(left, letters_[field][here], right, letters_[other][there]),
                 kWorthComparing)) {
    return 0;
  }
  return JaroWinkler(left, right);
}

double RecordComparison::PlaceOf(size_t field, uint32_t level, double share) const {
  if (level == 0 || level == kLevelUnknown) return level;
  const double place =
      fields_[field].kind == FieldKind::kText ? PlaceOfText(share) : PlaceOfPhrase(share);
  // Values that agree in another way than by what they share stand in the middle of their level.
  return std::abs(place - level) <= 0.5 ? place : level;
}

RecordComparison::Graded RecordComparison::CompareField(size_t field, ValueId a, ValueId b) const {
  if (a == kNoValue || b == kNoValue) return {};
  if (a == b) return {.level = 0};
  if (fields_[field].kind == FieldKind::kText) {
    const double share = grams_[field]->Cosine(a, b);
    return {CompareTexts(share), share};
  }
  if (fields_[field].kind == FieldKind::kPhrase) {
    const double share = words_[field]->Similarity(a, b);
    const ValueDictionary& texts = values(field);
    return {ComparePhrases(texts.text(a), texts.text(b), share), share};
  }
  return {.level = CompareUngraded(field, a, b)};
}

// Unequal values of other kinds.
uint32_t RecordComparison::CompareUngraded(size_t field, ValueId a, ValueId b) const {
  const ValueDictionary& texts = values(field);
  switch (fields_[field].kind) {
    case FieldKind::kIgnored:
    case FieldKind::kPhrase:
    case FieldKind::kText:
    case FieldKind::kStanding:
      return kLevelUnknown;
    case FieldKind::kName:
      return CompareNames(texts.text(a), letters_[field][a], texts.text(b), letters_[field][b]);
    case FieldKind::kAddress:
      return CompareAddresses(texts.text(a), texts.text(b), words_[field]->Similarity(a, b));
    case FieldKind::kCode:
      return CompareCodes(texts.text(a), texts.text(b));
    case FieldKind::kNumber:
      return CompareNumbers(numbers_[field][a], numbers_[field][b]);
    case FieldKind::kDate:
      return CompareDates(texts.text(a), texts.text(b));
    case FieldKind::kPhone:
      return ComparePhones(texts.text(a), texts.text(b));
    case FieldKind::kEmail:
      return CompareEmails(texts.text(a), texts.text(b));
  }
  return kLevelUnknown;
}

}  // namespace dq
