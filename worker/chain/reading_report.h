// Tells in the report how the input was read. Part of the chain runner. Stateless.
#pragma once

#include "worker/chain/report.h"
#include "worker/table/row_reader.h"

namespace dq {

// Sets the dialect and the counts of rows of a finished pass, and adds a sentence to the limits
// for everything that was skipped, padded or assumed.
void ReportReading(const RowReader& reader, Report& report);

}  // namespace dq
