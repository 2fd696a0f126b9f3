// What operators read of the scheduler as a whole. Stateless and thread-safe.
#pragma once

#include <span>

#include "dq/v1/admin_service.pb.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {

// A row a field.
Table StatsDetails(const dq::v1::GetStatsResponse& stats);
// A row a window of time.
Table StatsWindowsTable(const dq::v1::GetStatsResponse& stats);
// A row a project, queue or concurrency key.
Table ConcurrencyTable(std::span<const dq::v1::Concurrency> entries);
// A row a stuck job.
Table StuckJobsTable(std::span<const dq::v1::StuckJob> jobs);
// A row a job about which nothing was done.
Table RefusalsTable(std::span<const dq::v1::JobRefusal> refusals);

}  // namespace dq::dqctl
