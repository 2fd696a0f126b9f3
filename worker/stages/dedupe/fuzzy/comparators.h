// How alike two short texts are: Jaro-Winkler and the distance of Damerau and Levenshtein. Sits
// under the comparison of records. Stateless; thread-safe. Texts are compared by code points when
// one of them is not ASCII.
#pragma once

#include <cstddef>
#include <string_view>

namespace dq {

inline constexpr size_t kComparedLettersMax = 64;  // Longer texts are compared by their beginnings.

// Jaro's similarity with Winkler's bonus for a common beginning (0.1 for each of the first four
// letters), 0 to 1; two empty texts are equal. M. Jaro 1989, W. Winkler 1990.
double JaroWinkler(std::string_view a, std::string_view b);
inline constexpr size_t kWinklerPrefixMax = 4;
// Jaro's similarity of two texts with the bonus for so many common letters at the beginning, at
// most kWinklerPrefixMax.
inline double WithWinklerBonus(double jaro, size_t prefix) {
  return jaro + static_cast<double>(prefix) * 0.1 * (1 - jaro);
}

// Whether a similarity is at least a bound, in spite of the rounding of binary fractions.
inline bool IsAtLeast(double similarity, double bound) { return similarity >= bound - 1e-9; }

// The number of insertions, deletions, substitutions and swaps of neighbours between the texts
// (restricted: no part is edited twice), or `most` + 1 when there are more. `most` is small: the
// cost is the length times `most`.
int EditDistance(std::string_view a, std::string_view b, int most);

// How many letters a text has: its code points.
size_t LetterCount(std::string_view text);

}  // namespace dq
