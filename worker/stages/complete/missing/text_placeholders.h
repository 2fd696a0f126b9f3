// Finds texts that stand for "no value": phrases that say so, words among numbers or codes, codes
// of one repeated digit. The rules are published in worker/README.md. Stateless; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/stages/complete/missing/disguise.h"

namespace dq {

// Phrases such as "not available", in any column; texts of one repeated letter or mark.
std::vector<Disguise> FindPhrases(std::span<const ValueTally> values);

struct WordsAmongCodes {
  std::vector<Disguise> missing;
  std::vector<std::string> categories;  // Abbreviations that are too frequent to stand for nothing.
};

// Repeated words without a digit where nearly all values are numbers, dates or codes of a few
// patterns ("s" among counts); at most two of them, else they are data. So are abbreviations in
// capitals in more than 5 % of the cells ("DNF" among times), which are told.
WordsAmongCodes FindWordsAmongCodes(std::span<const ValueTally> values);

// Repeated codes of one digit, of ascending digits or of zeros (0000000000, 999-99-9999,
// 1234567890, 00/00/0000) where nearly all values are codes of one length.
std::vector<Disguise> FindPlaceholderCodes(std::span<const ValueTally> values);

}  // namespace dq
