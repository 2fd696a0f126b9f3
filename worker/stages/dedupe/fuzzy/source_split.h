// Finds whether a table is two sources put one behind the other: a row from which on values are
// written in another way, or columns are filled that were empty before. Sits on the record store,
// before values are brought into canonical form. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "worker/stages/dedupe/record_store.h"

namespace dq {

// Returns the first record of the second source; nullopt when no row parts the table clearly.
std::optional<RecordId> FindSourceSplit(const RecordStore& store);

// How a value is written: letters as "a", digits as "9", runs as one, all else as it is.
uint64_t WritingOf(std::string_view text);

}  // namespace dq
