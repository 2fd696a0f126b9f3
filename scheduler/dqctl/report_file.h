// A report as a file: the JSON that `dq-worker run` and `dqctl clean` write. Stateless and
// thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/report.pb.h"

namespace dq::dqctl {

// Reads it; fields of newer versions are left out. NOT_FOUND FILE_MISSING; DATA_LOSS
// REPORT_UNREADABLE when it is no report.
absl::StatusOr<dq::v1::Report> ReadReportFile(const std::string& path);

}  // namespace dq::dqctl
