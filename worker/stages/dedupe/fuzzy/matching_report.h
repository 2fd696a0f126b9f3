// Tells in the report what fuzzy matching compared and what its model has learned. Sits on the
// comparison and the model. Stateless.
#pragma once

#include <string>
#include <vector>

#include "worker/chain/report.h"
#include "worker/stages/dedupe/fuzzy/match_model.h"
#include "worker/stages/dedupe/fuzzy/record_comparison.h"

namespace dq {

// All but the threshold; `columns` are the names of the file's.
ReportMatching DescribeMatching(const RecordComparison& comparison, const MatchModel& model,
                                const std::vector<std::string>& columns);

}  // namespace dq
