// The levels of agreement of two unequal values, by the kind of their field: 0 is equality, higher
// ones are less alike, and a kind's last level is disagreement. Sits between the comparators and
// the comparison of records. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/stages/dedupe/fuzzy/field_kind.h"
#include "worker/stages/dedupe/fuzzy/letter_bag.h"

namespace dq {

inline constexpr size_t kLevelsMax = 15;
// One of the cells is missing, which is no evidence.
inline constexpr uint32_t kLevelUnknown = 15;

// Returns how many levels a kind has, without kLevelUnknown.
size_t LevelsOf(FieldKind kind);

// All of these compare unequal values in the canonical form of their kind.

// `letters_a` and `letters_b` are the bags of the names.
uint32_t CompareNames(std::string_view a, LetterBag letters_a, std::string_view b,
                      LetterBag letters_b);
// `share`: what their words have in common, 0 to 1. Words apart, one in two or two in one, count as
// much alike.
uint32_t ComparePhrases(std::string_view a, std::string_view b, double share);
// `cosine`: of the texts' vectors.
uint32_t CompareTexts(double cosine);
// `street`: what the words of the streets have in common, 0 to 1.
uint32_t CompareAddresses(std::string_view a, std::string_view b, double street);
uint32_t CompareCodes(std::string_view a, std::string_view b);
uint32_t ComparePhones(std::string_view a, std::string_view b);
uint32_t CompareEmails(std::string_view a, std::string_view b);
// YYYYMMDD, or what else the field holds.
uint32_t CompareDates(std::string_view a, std::string_view b);
// NaN, which is no number, disagrees with all.
uint32_t CompareNumbers(double a, double b);
// `standing`: of the pair's texts (text_standing.h).
uint32_t CompareStandings(double standing);

// Whether values that agree on a level are the same but for a slip of the keys at most.
bool IsSame(FieldKind kind, uint32_t level);
// Whether they are so far apart that slips do not explain it; unknown ones are not.
bool IsFar(FieldKind kind, uint32_t level);

// Where among the levels a share of words or a cosine stands: a whole number in the middle of a
// level, such as 3.2 for one that is nearly of the fourth level.
double PlaceOfPhrase(double share);
double PlaceOfText(double cosine);

}  // namespace dq
