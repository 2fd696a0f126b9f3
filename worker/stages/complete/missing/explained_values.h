// Takes back findings of values that another column explains: the salary 0 of every volunteer is
// data. Beside the finders, which see one column each. The rules are published in worker/README.md.
// Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "worker/stages/complete/missing/disguise.h"
#include "worker/stages/complete/missing/disguise_finder.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

// What was found in the columns of a sample.
struct SampleFindings {
  std::span<const EncodedColumn> columns;
  std::span<const DisguiseFindings> found;  // By column.
  const MissingTokens& tokens;
};

// Whether a disguise might be data: a number 0 or a day so late that it may mean "without end".
bool CouldBeExplained(const Disguise& disguise);

// Returns the first column whose values say in which rows those disguises of `column` stand that
// could be explained; nothing when there is none, or when other cells are missing in these rows.
std::optional<size_t> FindExplanation(const SampleFindings& sample, size_t column);

}  // namespace dq
