// Finds the values of one column that stand for "no value" though they are not in the vocabulary,
// by evidence from the column itself. The rules are published in worker/README.md. Stateless;
// thread-safe.
#pragma once

#include <vector>

#include "worker/stages/complete/missing/disguise.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

// Returns what it is sure of, in the order of the finders, at most kDisguisesMax. Words of the
// vocabulary are left to it; what the user called data is never found.
inline constexpr size_t kDisguisesMax = 8;
std::vector<Disguise> FindDisguises(const EncodedColumn& column, const MissingTokens& tokens);

}  // namespace dq
