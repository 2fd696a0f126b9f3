#include "worker/table/sketch/sort_numbers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace dq {
namespace {

constexpr size_t kFew = 256;  // So many are sorted sooner by comparing.
constexpr int kDigitBits = 11;
constexpr size_t kDigits = 6;  // 66 bits.
constexpr size_t kDigitValues = size_t{1} << kDigitBits;
constexpr uint64_t kSign = uint64_t{1} << 63;

// Maps numbers to integers of the same order, and back.
uint64_t KeyOf(double number) {
  const auto bits = std::bit_cast<uint64_t>(number);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}
double NumberOfKey(uint64_t key) {
  return std::bit_cast<double>((key & kSign) != 0 ? key & ~kSign : ~key);
}

size_t DigitOf(uint64_t key, size_t digit) {
  return (key >> (digit * kDigitBits)) & (kDigitValues - 1);
}

using Counts = std::array<std::array<uint32_t, kDigitValues>, kDigits>;

// Sorts by one digit, stably; `counts` are those of the digit's values.
void SortByDigit(const std::vector<uint64_t>& from, std::vector<uint64_t>& to, size_t digit,
                 std::array<uint32_t, kDigitValues>& counts) {
  uint32_t before = 0;
  for (uint32_t& count : counts) before += std::exchange(count, before);
  for (const uint64_t key : from) to[counts[DigitOf(key, digit)]++] = key;
}

}  // namespace

void SortNumbers(std::vector<double>& numbers) {
  if (numbers.size() < kFew) {
    std::sort(numbers.begin(), numbers.end());
    return;
  }
  std::vector<uint64_t> keys(numbers.size());
  std::transform(numbers.begin(), numbers.end(), keys.begin(), KeyOf);
  Counts counts{};
  for (const uint64_t key : keys) {
    for (size_t digit = 0; digit < kDigits; ++digit) ++counts[digit][DigitOf(key, digit)];
  }
  std::vector<uint64_t> sorted(keys.size());
  for (size_t digit = 0; digit < kDigits; ++digit) {
    // Most numbers are short: their last digits are all 0.
    if (counts[digit][DigitOf(keys[0], digit)] == keys.size()) continue;
    SortByDigit(keys, sorted, digit, counts[digit]);
    keys.swap(sorted);
  }
  std::transform(keys.begin(), keys.end(), numbers.begin(), NumberOfKey);
}

}  // namespace dq
