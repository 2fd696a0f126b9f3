// What a report finds wrong or worth knowing, as a list: derived from the report alone. Pure and
// thread-safe.
#pragma once

#include <vector>

#include "dq/v1/report.pb.h"
#include "dq/v1/report_service.pb.h"

namespace dq {

// Returns the findings of `report`, the gravest first, among equals those about more first; the
// same report always gives the same list.
std::vector<v1::Finding> FindingsOf(const v1::Report& report);

}  // namespace dq
