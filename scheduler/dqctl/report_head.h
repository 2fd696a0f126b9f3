// The head of a quality report, for people: what went in, what came out, what was done about it.
// Stateless and thread-safe.
#pragma once

#include <ostream>

#include "dq/v1/job.pb.h"
#include "dq/v1/report.pb.h"

namespace dq::dqctl {

// Writes score, rows, duplicates by kind, cells filled, the schema's differences and the sparsest
// columns (at most 8, only ones with missing cells). `verdict` is left out when it says nothing.
void PrintReportHead(std::ostream& out, const dq::v1::Report& report, dq::v1::Verdict verdict);

// Returns the duplicates that were found: those removed, or those kept when none were to be.
const dq::v1::DuplicatesRemoved& DuplicatesOf(const dq::v1::Report& report);

}  // namespace dq::dqctl
