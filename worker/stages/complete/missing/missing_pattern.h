// How missing cells lie in a table: rows without any, sparse rows, columns that miss cells
// together, parts of the file. From a sample of the rows. Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/chain/report.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

inline constexpr size_t kMissingBins = 10;
inline constexpr size_t kMissingPairsMax = 20;

// Describes the missing cells (blank codes) of `columns`, which are called `names`.
ReportMissingness DescribeMissingness(const std::vector<EncodedColumn>& columns,
                                      const std::vector<std::string>& names);

// The share of missing cells of a column in each of kMissingBins equal parts of the rows, in the
// order of the file; nothing when it misses none.
std::vector<double> MissingByBin(const EncodedColumn& column);

}  // namespace dq
