#include "worker/stages/complete/missing/disguise_finder.h"

#include <algorithm>
#include <utility>

#include "worker/stages/complete/missing/number_sentinels.h"
#include "worker/stages/complete/missing/text_placeholders.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

// The different values of a column that are still taken for data.
class Candidates {
 public:
  Candidates(const EncodedColumn& column, const MissingTokens& tokens) : tokens_(tokens) {
    for (size_t code = 0; code < column.values.size(); ++code) {
      if (tokens.Contains(column.values[code])) continue;
      values_.push_back({column.values[code], column.counts[code]});
    }
  }

  const std::vector<ValueTally>& values() const { return values_; }
  std::vector<Disguise>& found() { return found_; }

  void Take(std::vector<Disguise> disguises) {
    for (Disguise& disguise : disguises) {
      if (found_.size() == kDisguisesMax || tokens_.IsRemoved(disguise.value)) continue;
      std::erase_if(values_,
                    [&](const ValueTally& tally) { return tally.value == disguise.value; });
      found_.push_back(std::move(disguise));
    }
  }

 private:
  const MissingTokens& tokens_;
  std::vector<ValueTally> values_;
  std::vector<Disguise> found_;
};

// The values of a type with the number each stands for; nothing unless they are nearly all.
template <typename Accepts, typename ToNumber>
std::vector<NumberTally> NumbersOf(const std::vector<ValueTally>& values, Accepts accepts,
                                   ToNumber to_number) {
  std::vector<NumberTally> numbers;
  int64_t accepted = 0;
  int64_t rows = 0;
  for (const ValueTally& tally : values) {
    rows += tally.count;
    if (!accepts(TypeOf(tally.value))) continue;
    accepted += tally.count;
    numbers.push_back({to_number(tally.value), {tally.value}, tally.count});
  }
  if (accepted * 20 < rows * 19) numbers.clear();
  return numbers;
}

}  // namespace

DisguiseFindings FindDisguises(const EncodedColumn& column, const MissingTokens& tokens) {
  Candidates candidates(column, tokens);
  candidates.Take(FindPhrases(candidates.values()));
  WordsAmongCodes words = FindWordsAmongCodes(candidates.values());
  candidates.Take(std::move(words.missing));
  std::erase_if(words.categories, [&](const std::string& word) { return tokens.IsRemoved(word); });
  candidates.Take(FindPlaceholderCodes(candidates.values()));
  candidates.Take(FindNumberSentinels(NumbersOf(
      candidates.values(),
      [](ValueType type) { return type == ValueType::kInteger || type == ValueType::kDecimal; },
      NumberOf)));
  candidates.Take(FindDateSentinels(NumbersOf(
      candidates.values(), [](ValueType type) { return type == ValueType::kDate; }, MomentOf)));
  return {std::move(candidates.found()), std::move(words.categories)};
}

}  // namespace dq
