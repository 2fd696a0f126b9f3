// A value that stands for "no value" though it looks like data: what the finders of stage
// `complete` tell each other and the report. The rules are published in worker/README.md. Values
// only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dq {

// Why a value was taken for a missing one.
enum class DisguiseKind {
  kWord,         // Of the vocabulary, and no data in its column.
  kPhrase,       // Says in words that there is no value.
  kSentinel,     // A number or date far from all others that people write for "no value".
  kOutOfDomain,  // A word among numbers or codes.
  kPlaceholder,  // A code of one repeated digit, or the like, where codes are expected.
};

// "word", "phrase", "sentinel", "out_of_domain", "placeholder".
std::string_view DisguiseKindName(DisguiseKind kind);

struct Disguise {
  std::string value;  // As written, trimmed.
  DisguiseKind kind = DisguiseKind::kWord;
  std::string evidence;   // A sentence.
  double confidence = 1;  // 0 to 1.
};

// A different value of a column and how often it occurs.
struct ValueTally {
  std::string_view value;  // Trimmed, not empty.
  int64_t count = 0;
};

// Returns the middle one of the counts of tallies, of which there is one at least.
template <typename Tally>
int64_t MiddleCount(std::span<const Tally> tallies) {
  std::vector<int64_t> counts;
  for (const Tally& tally : tallies) counts.push_back(tally.count);
  const auto middle = counts.begin() + static_cast<ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), middle, counts.end());
  return *middle;
}

}  // namespace dq
