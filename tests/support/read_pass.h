// A pass of a real reader over a table, told as a naive reader tells it. Stateless.
#pragma once

#include "absl/status/status.h"
#include "tests/support/naive_csv.h"
#include "worker/table/row_reader.h"

namespace dq {

// Reads all rows and rejects of `reader` into `table`; after an error what came before it.
absl::Status ReadPass(RowReader& reader, NaiveTable& table);

}  // namespace dq
