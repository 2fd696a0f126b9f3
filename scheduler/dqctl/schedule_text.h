// Schedules and their runs in words, for people. Stateless and thread-safe.
#pragma once

#include <span>
#include <string>

#include "dq/v1/schedule.pb.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {

// One row a schedule; one row a field, and one a run.
Table SchedulesTable(std::span<const dq::v1::Schedule> schedules);
Table ScheduleDetails(const dq::v1::Schedule& schedule);
Table RunDetails(const dq::v1::ScheduleRun& run);

}  // namespace dq::dqctl
