#include "worker/stages/dedupe/fuzzy/comparators.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "worker/table/bytes/utf8.h"

namespace dq {
namespace {

// The code points of a text.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xC0) == 0x80 && size_ > 0) {
        letters_[size_ - 1] = letters_[size_ - 1] << 6 | (byte & 0x3F);
      } else if (size_ == kComparedLettersMax) {
        break;
      } else {
        letters_[size_++] = byte;
      }
    }
  }
  std::span<const uint32_t> letters() const { return {letters_.data(), size_}; }

 private:
  std::array<uint32_t, kComparedLettersMax> letters_;
  size_t size_ = 0;
};

// Calls `compare` with both texts as sequences of letters: bytes when that is the same.
template <typename Compare>
auto WithLetters(std::string_view a, std::string_view b, const Compare& compare) {
  if (IsAscii(a) && IsAscii(b)) {
    a = a.substr(0, kComparedLettersMax);
    b = b.substr(0, kComparedLettersMax);
    return compare(std::span(a.data(), a.size()), std::span(b.data(), b.size()));
  }
  const CodePoints left(a);
  const CodePoints right(b);
  return compare(left.letters(), right.letters());
}

template <typename Letter>
double Jaro(std::span<const Letter> a, std::span<const Letter> b) {
  const size_t longer = std::max(a.size(), b.size());
  const size_t reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
  uint64_t taken = 0;  // Of b, a bit a letter.
  std::array<Letter, kComparedLettersMax> matched;
  size_t matches = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t end = std::min(b.size(), i + reach + 1);
    for (size_t j = i > reach ? i - reach : 0; j < end; ++j) {
      if (b[j] != a[i] || (taken >> j & 1) != 0) continue;
      taken |= uint64_t{1} << j;
      matched[matches++] = a[i];
      break;
    }
  }
  if (matches == 0) return 0;
  size_t moved = 0;
  for (size_t j = 0, k = 0; j < b.size(); ++j) {
    if ((taken >> j & 1) != 0 && matched[k++] != b[j]) ++moved;
  }
  const auto m = static_cast<double>(matches);
  return (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) +
          (m - static_cast<double>(moved / 2)) / m) /
         3;
}

// The banded table of the distance, for texts that differ at both ends.
template <typename Letter>
int TableDistance(std::span<const Letter> a, std::span<const Letter> b, int most) {
  const auto rows = static_cast<int>(a.size());
  const auto width = static_cast<int>(b.size());
  std::array<std::array<int, kComparedLettersMax + 1>, 3> lines;
  for (int j = 0; j <= std::min(width, most + 1); ++j) lines[0][static_cast<size_t>(j)] = j;
  for (int i = 1; i <= rows; ++i) {
    auto& line = lines[static_cast<size_t>(i % 3)];
    const auto& above = lines[static_cast<size_t>((i - 1) % 3)];
    const auto& before = lines[static_cast<size_t>((i + 1) % 3)];
    const int from = std::max(1, i - most);
    const int to = std::min(width, i + most);
    int best = from == 1 ? i : most + 1;
    line[static_cast<size_t>(from - 1)] = best;
    for (int at = from; at <= to; ++at) {
      const auto j = static_cast<size_t>(at);
      const auto k = static_cast<size_t>(i);
      int steps = above[j - 1] + (a[k - 1] == b[j - 1] ? 0 : 1);
      if (at < i + most) steps = std::min(steps, above[j] + 1);
      steps = std::min(steps, line[j - 1] + 1);
      if (i > 1 && at > 1 && a[k - 1] == b[j - 2] && a[k - 2] == b[j - 1]) {
        steps = std::min(steps, before[j - 2] + 1);
      }
      line[j] = steps;
      best = std::min(best, steps);
    }
    if (best > most) return most + 1;
  }
  return std::min(most + 1, lines[static_cast<size_t>(rows % 3)][static_cast<size_t>(width)]);
}

template <typename Letter>
int Distance(std::span<const Letter> a, std::span<const Letter> b, int most) {
  const auto apart = std::abs(static_cast<int>(a.size()) - static_cast<int>(b.size()));
  if (apart > most) return most + 1;
  // What is equal at both ends needs no table.
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a = a.subspan(1);
    b = b.subspan(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a = a.first(a.size() - 1);
    b = b.first(b.size() - 1);
  }
  const auto longer = static_cast<int>(std::max(a.size(), b.size()));
  if (a.empty() || b.empty()) return std::min(longer, most + 1);
  // Both ends differ: one edit reaches them only when they are one letter or two that swap.
  if (most <= 1 && longer > 2) return most + 1;
  return TableDistance(a, b, most);
}

}  // namespace

double JaroWinkler(std::string_view a, std::string_view b) {
  if (a == b) return 1;
  if (a.empty() || b.empty()) return 0;
  return WithLetters(a, b, [](auto left, auto right) {
    const double jaro = Jaro(left, right);
    size_t prefix = 0;
    const size_t end = std::min({kWinklerPrefixMax, left.size(), right.size()});
    while (prefix < end && left[prefix] == right[prefix]) ++prefix;
    return WithWinklerBonus(jaro, prefix);
  });
}

int EditDistance(std::string_view a, std::string_view b, int most) {
  return WithLetters(a, b, [most](auto left, auto right) { return Distance(left, right, most); });
}

size_t LetterCount(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace dq
