#include "worker/table/values/no_value_words.h"

#include <algorithm>

namespace dq {
namespace {

constexpr NoValueWord kWords[] = {
    {"#div/0!", NoValue::kPhrase},
    {"#n/a", NoValue::kMark, true},
    {"#name?", NoValue::kPhrase},
    {"#null!", NoValue::kWord},
    {"#num!", NoValue::kPhrase},
    {"#ref!", NoValue::kPhrase},
    {"#value!", NoValue::kPhrase},
    {"(blank)", NoValue::kWord},
    {"(empty)", NoValue::kPhrase},
    {"(none)", NoValue::kPhrase},
    {"(null)", NoValue::kPhrase},
    {"-", NoValue::kMark},
    {"--", NoValue::kMark},
    {".", NoValue::kMark},
    {"..", NoValue::kWord},
    {"<blank>", NoValue::kPhrase},
    {"<empty>", NoValue::kPhrase},
    {"<na>", NoValue::kPhrase},
    {"<none>", NoValue::kPhrase},
    {"<null>", NoValue::kPhrase},
    {"?", NoValue::kMark},
    {"??", NoValue::kWord},
    {"[null]", NoValue::kPhrase},
    {"\\n", NoValue::kMark, true},
    {"data missing", NoValue::kPhrase},
    {"empty", NoValue::kWord},
    {"missing", NoValue::kWord, true},
    {"n. a.", NoValue::kPhrase},
    {"n.a", NoValue::kPhrase},
    {"n.a.", NoValue::kPhrase},
    {"n.d.", NoValue::kPhrase},
    {"n/a", NoValue::kMark, true},
    {"na", NoValue::kMark, true},
    {"nan", NoValue::kMark, true},
    {"nil", NoValue::kMark},
    {"no data", NoValue::kPhrase},
    {"no entry", NoValue::kPhrase},
    {"no information", NoValue::kPhrase},
    {"no value", NoValue::kPhrase},
    {"none", NoValue::kMark, true},
    {"not applicable", NoValue::kPhrase},
    {"not assigned", NoValue::kPhrase},
    {"not available", NoValue::kPhrase, true},
    {"not entered", NoValue::kPhrase},
    {"not found", NoValue::kPhrase},
    {"not given", NoValue::kPhrase},
    {"not known", NoValue::kPhrase},
    {"not provided", NoValue::kPhrase},
    {"not recorded", NoValue::kPhrase},
    {"not reported", NoValue::kPhrase},
    {"not set", NoValue::kPhrase},
    {"not specified", NoValue::kPhrase},
    {"not stated", NoValue::kPhrase},
    {"null", NoValue::kMark, true},
    {"tba", NoValue::kPhrase},
    {"tbc", NoValue::kPhrase},
    {"tbd", NoValue::kWord},
    {"to be announced", NoValue::kPhrase},
    {"to be determined", NoValue::kPhrase},
    {"undefined", NoValue::kPhrase},
    {"undetermined", NoValue::kPhrase},
    {"unk", NoValue::kWord},
    {"unknown", NoValue::kWord, true},
    {"unspecified", NoValue::kPhrase},
    {"void", NoValue::kWord},
    {"{null}", NoValue::kPhrase},
};
constexpr auto kInOrder = [](const NoValueWord& a, const NoValueWord& b) {
  return a.word < b.word;
};
static_assert(std::is_sorted(std::begin(kWords), std::end(kWords), kInOrder));
static_assert(std::all_of(std::begin(kWords), std::end(kWords), [](const NoValueWord& word) {
  return word.word.size() <= kNoValueWordBytesMax;
}));

}  // namespace

std::span<const NoValueWord> NoValueWords() { return kWords; }

const NoValueWord* FindNoValueWord(std::string_view lower) {
  const auto* const found =
      std::lower_bound(std::begin(kWords), std::end(kWords), NoValueWord{.word = lower}, kInOrder);
  return found != std::end(kWords) && found->word == lower ? found : nullptr;
}

}  // namespace dq
