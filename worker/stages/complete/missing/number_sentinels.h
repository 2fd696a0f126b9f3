// Finds numbers and dates that stand for "no value" by how they lie to all others: alone, far
// away, repeated, and such as people write for it (-1, 0, 999, 1900-01-01). The rules are published
// in worker/README.md. Stateless; thread-safe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "worker/stages/complete/missing/disguise.h"

namespace dq {

// A number with the texts it is written as and how often it occurs.
struct NumberTally {
  double number = 0;
  std::vector<std::string_view> texts;
  int64_t count = 0;
};

// Looks at both ends of `numbers` (in any order) again and again until nothing is found.
std::vector<Disguise> FindNumberSentinels(std::vector<NumberTally> numbers);

// The same for dates, as seconds since 1970-01-01.
std::vector<Disguise> FindDateSentinels(std::vector<NumberTally> dates);

}  // namespace dq
