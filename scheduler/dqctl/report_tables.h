// The details behind a report as tables for people. Stateless and thread-safe.
#pragma once

#include <span>

#include "dq/v1/report_service.pb.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {

Table FindingsTable(std::span<const dq::v1::Finding> findings);
// One row a record; a cluster's id stands at its first.
Table ClustersTable(std::span<const dq::v1::DuplicateCluster> clusters);
Table ChangesTable(std::span<const dq::v1::Change> changes);
Table ColumnsTable(std::span<const dq::v1::ColumnReport> columns);

// Returns "ERROR" for FINDING_SEVERITY_ERROR.
std::string SeverityName(dq::v1::FindingSeverity severity);
// Returns a share with two decimals.
std::string ShareText(double share);

}  // namespace dq::dqctl
