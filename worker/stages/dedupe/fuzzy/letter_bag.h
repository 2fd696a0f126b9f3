// The letters of a text without their order, in one word: tells at once that two texts cannot be
// alike. Sits under the comparison of names. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace dq {

using LetterBag = uint64_t;

LetterBag BagOf(std::string_view text);

// An upper bound of JaroWinkler(a, b) in any order of their words, 0 to 1; `bag_a` and `bag_b` are
// their bags. Cheap: letters are counted, not placed.
double JaroWinklerMost(std::string_view a, LetterBag bag_a, std::string_view b, LetterBag bag_b);

}  // namespace dq
