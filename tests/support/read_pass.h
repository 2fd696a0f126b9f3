// A pass of a real reader over a table, told as a naive reader tells it. Stateless.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/naive_csv.h"
#include "worker/table/delimited/csv_reader.h"
#include "worker/table/row_reader.h"

namespace dq {

// A reader of the delimited file behind `fd`, which outlives it. Errors of CsvReader::Open.
absl::StatusOr<std::unique_ptr<CsvReader>> OpenCsv(int fd, const CsvReaderOptions& options);

// Reads all rows and rejects of `reader` into `table`; after an error what came before it.
absl::Status ReadPass(RowReader& reader, NaiveTable& table);

// Reads the rows that are left of the pass, with their numbers; after an error what came before it.
absl::Status ReadRows(RowReader& reader, std::vector<std::vector<std::string>>& rows,
                      std::vector<int64_t>& numbers);

}  // namespace dq
