// Schedules between the core's values and the API's messages. Stateless and thread-safe.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "dq/v1/schedule.pb.h"
#include "scheduler/core/schedule.h"

namespace dq {

// Returns the schedule as of `now`, without its runs.
v1::Schedule ToProto(const ScheduleRecord& record, absl::Time now);

// Returns a run of a schedule of this project.
v1::ScheduleRun ToProto(const ScheduleRun& run, const std::string& project);

}  // namespace dq
