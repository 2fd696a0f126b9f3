#include "worker/stages/dedupe/fuzzy/word_vectors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/fuzzy/comparators.h"

namespace dq {
namespace {

// What is longer is compared by its first words.
constexpr size_t kWordsMax = 24;
constexpr double kMisspeltMin = 0.9;
constexpr double kShortened = 0.85;
constexpr size_t kMisspeltLettersMin = 4;

bool HasDigit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsShortFormOf(std::string_view word, std::string_view full) {
  if (word.size() < 2 || word.size() >= full.size() || word.front() != full.front()) return false;
  if (full.starts_with(word)) return true;
  if (word.back() != full.back() || word.size() * 4 > full.size() * 3) return false;
  size_t at = 0;
  for (const char c : full) {
    if (at < word.size() && word[at] == c) ++at;
  }
  return at == word.size();
}

}  // namespace

double WordsAlike(std::string_view a, std::string_view b) {
  if (a == b) return 1;
  if (a.size() > b.size()) std::swap(a, b);
  if (HasDigit(a) || HasDigit(b)) return 0;
  if (IsShortFormOf(a, b)) return kShortened;
  if (a.size() < kMisspeltLettersMin || 2 * a.size() < b.size()) return 0;
  const double alike = JaroWinkler(a, b);
  return alike >= kMisspeltMin ? alike : 0;
}

WordVectors::~WordVectors() { memory_->Release(taken_bytes_); }

WordVectors::WordVectors(WordVectors&& other) noexcept
    : memory_(other.memory_),
      taken_bytes_(std::exchange(other.taken_bytes_, 0)),
      words_(std::move(other.words_)),
      ids_(std::move(other.ids_)),
      ends_(std::move(other.ends_)),
      rarity_(std::move(other.rarity_)),
      lengths_(std::move(other.lengths_)) {}

absl::StatusOr<WordVectors> WordVectors::Build(const ValueDictionary& values, const PartOf& part_of,
                                               MemoryBudget& memory) {
  WordVectors vectors(memory);
  const int64_t fixed = int64_t{16} * (values.size() + 1);
  DQ_RETURN_IF_ERROR(memory.Take(fixed, "the words to compare"));
  vectors.taken_bytes_ = fixed;
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
    const auto more = static_cast<int64_t>((wanted - ids_.capacity()) * sizeof(ValueId));
    DQ_RETURN_IF_ERROR(memory_->Take(more, "the words to compare"));
    taken_bytes_ += more;
    ids_.reserve(wanted);
  }
  const size_t first = ids_.size();
  for (size_t begin = 0; begin < text.size() && ids_.size() < first + kWordsMax;) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    DQ_ASSIGN_OR_RETURN(const ValueId word, words_.Add(text.substr(begin, end - begin)));
    const auto from = ids_.begin() + static_cast<std::ptrdiff_t>(first);
    if (word != kNoValue && std::find(from, ids_.end(), word) == ids_.end()) ids_.push_back(word);
    begin = end + 1;
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
