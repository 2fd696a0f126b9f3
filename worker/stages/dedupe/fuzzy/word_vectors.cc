#include "worker/stages/dedupe/fuzzy/word_vectors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/fuzzy/comparators.h"
#include "worker/stages/dedupe/fuzzy/text_words.h"
#include "worker/table/values/ascii.h"

namespace dq {
namespace {

// What is longer is compared by its first words.
constexpr size_t kWordsMax = 24;
constexpr double kMisspeltMin = 0.9;
constexpr double kShortened = 0.85;
constexpr size_t kMisspeltLettersMin = 4;

// Takes the first letter of a text, "" of an empty one.
std::string_view TakeLetter(std::string_view& text) {
  size_t end = std::min<size_t>(text.size(), 1);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  const std::string_view letter = text.substr(0, end);
  text.remove_prefix(end);
  return letter;
}

bool IsShortFormOf(std::string_view word, std::string_view full) {
  if (word.empty() || full.empty() || word.front() != full.front()) return false;
  const size_t letters = LetterCount(word);
  const size_t full_letters = LetterCount(full);
  if (letters < 2 || letters >= full_letters) return false;
  if (full.starts_with(word)) return true;
  if (letters * 4 > full_letters * 3) return false;
  std::string_view last = TakeLetter(full);
  if (!word.starts_with(last)) return false;
  std::string_view left = word.substr(last.size());
  std::string_view wanted = TakeLetter(left);
  while (!full.empty()) {
    last = TakeLetter(full);
    if (last == wanted) wanted = TakeLetter(left);
  }
  return wanted.empty() && word.ends_with(last);
}

}  // namespace

double WordsAlike(std::string_view a, std::string_view b) {
  if (a == b) return 1;
  if (a.size() > b.size()) std::swap(a, b);
  if (HasDigit(a) || HasDigit(b)) return 0;
  if (IsShortFormOf(a, b)) return kShortened;
  const auto [fewer, more] = std::minmax({LetterCount(a), LetterCount(b)});
  if (fewer < kMisspeltLettersMin || 2 * fewer < more) return 0;
  const double alike = JaroWinkler(a, b);
  return IsAtLeast(alike, kMisspeltMin) ? alike : 0;
}

absl::StatusOr<WordVectors> WordVectors::Build(const ValueDictionary& values, const PartOf& part_of,
                                               MemoryBudget& memory) {
  WordVectors vectors(memory);
  DQ_RETURN_IF_ERROR(vectors.taken_.Take(16 * (values.size() + size_t{1})));
  vectors.ends_.reserve(values.size() + size_t{1});
  for (ValueId id = 1; id <= values.size(); ++id) {
    DQ_RETURN_IF_ERROR(vectors.AddValue(part_of(values.text(id))));
  }
  vectors.Weigh();
  return vectors;
}

absl::Status WordVectors::AddValue(std::string_view text) {
  if (ids_.size() + kWordsMax > ids_.capacity()) {
    const size_t wanted = ids_.capacity() * 3 / 2 + kWordsMax + 1024;
    DQ_RETURN_IF_ERROR(taken_.Take((wanted - ids_.capacity()) * sizeof(ValueId)));
    ids_.reserve(wanted);
  }
  const size_t first = ids_.size();
  for (const std::string_view word : TextWords(text)) {
    if (ids_.size() == first + kWordsMax) break;
    const auto from = ids_.begin() + static_cast<std::ptrdiff_t>(first);
    const bool is_repeated =
        std::any_of(from, ids_.end(), [&](ValueId id) { return words_.text(id) == word; });
    if (is_repeated) continue;
    DQ_ASSIGN_OR_RETURN(const ValueId id, words_.Add(word));
    ids_.push_back(id);
  }
  ends_.push_back(ids_.size());
  return absl::OkStatus();
}

void WordVectors::Weigh() {
  const auto values = static_cast<double>(ends_.size() - 1);
  rarity_.push_back(0);
  for (ValueId word = 1; word <= words_.size(); ++word) {
    rarity_.push_back(static_cast<float>(std::log(1 + values / words_.count(word))));
  }
  lengths_.push_back(0);
  for (ValueId id = 1; id < ends_.size(); ++id) {
    double sum = 0;
    for (const ValueId word : WordsOf(id)) sum += double{rarity_[word]} * double{rarity_[word]};
    lengths_.push_back(static_cast<float>(std::sqrt(sum)));
  }
}

double WordVectors::Similarity(ValueId a, ValueId b) const {
  if (b < a) std::swap(a, b);  // Words are paired greedily: the order must not matter.
  const std::span<const ValueId> left = WordsOf(a);
  const std::span<const ValueId> right = WordsOf(b);
  if (left.empty() || right.empty()) return a == b ? 1 : 0;
  std::array<bool, kWordsMax> taken_left{};
  std::array<bool, kWordsMax> taken_right{};
  double sum = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    for (size_t j = 0; j < right.size(); ++j) {
      if (left[i] != right[j]) continue;
      taken_left[i] = taken_right[j] = true;
      sum += double{rarity_[left[i]]} * double{rarity_[left[i]]};
    }
  }
  for (size_t i = 0; i < left.size(); ++i) {
    if (taken_left[i]) continue;
    double best = 0;
    size_t partner = 0;
    for (size_t j = 0; j < right.size(); ++j) {
      if (taken_right[j]) continue;
      const double alike = WordsAlike(words_.text(left[i]), words_.text(right[j]));
      if (alike <= best) continue;
      best = alike;
      partner = j;
    }
    if (best <= 0) continue;
    taken_right[partner] = true;
    // A rare short form does not make a common word rare.
    const double shared = double{std::min(rarity_[left[i]], rarity_[right[partner]])};
    sum += best * shared * shared;
  }
  return std::min(1.0, sum / (double{lengths_[a]} * double{lengths_[b]}));
}

}  // namespace dq
