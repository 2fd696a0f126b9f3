#include "worker/stages/dedupe/fuzzy/letter_bag.h"

#include <algorithm>
#include <array>
#include <bit>

#include "worker/stages/dedupe/fuzzy/comparators.h"

namespace dq {
namespace {

// Two bits a letter, set when it occurs once and twice; the upper four bits count what is more.
constexpr size_t kBuckets = 30;
constexpr uint64_t kTwiceMask = (uint64_t{1} << (2 * kBuckets)) - 1;
constexpr uint64_t kUnbounded = 15;

}  // namespace

LetterBag BagOf(std::string_view text) {
  // In another order of the words other letters are compared.
  if (text.size() > kComparedLettersMax) return kUnbounded << (2 * kBuckets);
  std::array<uint8_t, kBuckets> counts{};
  uint64_t more = 0;
  uint64_t bag = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return kUnbounded << (2 * kBuckets);
    const size_t bucket = c >= 'a' && c <= 'z' ? byte - size_t{'a'} : 26 + byte % 4;
    const uint8_t count = counts[bucket]++;
    if (count < 2) bag |= uint64_t{1} << (2 * bucket + count);
    more += count >= 2 ? 1 : 0;
  }
  return bag | std::min(more, kUnbounded) << (2 * kBuckets);
}

double JaroWinklerMost(std::string_view a, LetterBag bag_a, std::string_view b, LetterBag bag_b) {
  const uint64_t more_a = bag_a >> (2 * kBuckets);
  const uint64_t more_b = bag_b >> (2 * kBuckets);
  const auto size_a = static_cast<double>(std::min(a.size(), kComparedLettersMax));
  const auto size_b = static_cast<double>(std::min(b.size(), kComparedLettersMax));
  if (more_a == kUnbounded || more_b == kUnbounded || size_a == 0 || size_b == 0) return 1;
  const auto common = static_cast<double>(
      static_cast<uint64_t>(std::popcount(bag_a & bag_b & kTwiceMask)) + std::min(more_a, more_b));
  if (common == 0) return 0;
  const double jaro = std::min(1.0, (common / size_a + common / size_b + 1) / 3);
  const bool words = a.find(' ') != std::string_view::npos && b.find(' ') != std::string_view::npos;
  size_t prefix = kWinklerPrefixMax;
  if (!words) {  // Words in another order may begin alike.
    const size_t end = std::min({kWinklerPrefixMax, a.size(), b.size()});
    prefix = 0;
    while (prefix < end && a[prefix] == b[prefix]) ++prefix;
  }
  return WithWinklerBonus(jaro, prefix);
}

}  // namespace dq
