// The rows of a sample without their copies: a record that is there twice is evidence once. Under
// the learning of dependencies. Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

// Returns the rows that are equal in all of `columns` to no row before them, in order; cells
// without a value are equal.
std::vector<uint32_t> DistinctRows(std::span<const EncodedColumn> columns);

// Leaves of a column these rows (in order) alone. Its values keep their codes.
void KeepRows(EncodedColumn& column, std::span<const uint32_t> rows);

}  // namespace dq
