// Finds the values of one column that stand for "no value" though they are not in the vocabulary,
// by evidence from the column itself. The rules are published in worker/README.md. Stateless;
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "worker/stages/complete/missing/disguise.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

inline constexpr size_t kDisguisesMax = 8;

struct DisguiseFindings {
  std::vector<Disguise> disguises;      // What it is sure of, in the order of the finders.
  std::vector<std::string> categories;  // Words among numbers that were taken for data.
};

// Returns at most kDisguisesMax disguises. Words of the vocabulary are left to it; what the user
// called data is never found.
DisguiseFindings FindDisguises(const EncodedColumn& column, const MissingTokens& tokens);

}  // namespace dq
