// Makes the record of a new or changed schedule from a request, and later what its runs become: the
// template is kept as the request that would create its job or batch. Thread-safe.
#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dq/v1/schedule_service.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/core/schedule.h"
#include "scheduler/engine/schedule_driver.h"

namespace dq {

// Checks every field of `request`, its template as ValidateCreateJob() and ValidateCreateBatch()
// do. INVALID_ARGUMENT with the violations found: UNKNOWN_STAGE as of these, else BAD_FIELD.
absl::Status ValidateCreateSchedule(const v1::CreateScheduleRequest& request);

// Looks the files of a valid template up. Blocks. FAILED_PRECONDITION as of ResolveInputs().
absl::Status CheckTemplateInputs(const std::string& parent, const v1::Schedule& schedule,
                                 CatalogStore& catalog);

// Returns the record for ScheduleStore::CreateSchedule(); chooses the id where the caller chose
// none.
ScheduleRecord MakeScheduleRecord(const v1::CreateScheduleRequest& request,
                                  const std::string& created_by, absl::Time now);

// Returns the record with the changes of a request of ScheduleService/UpdateSchedule that were
// asked for at `now`. INVALID_ARGUMENT (BAD_FIELD); ABORTED (ETAG_MISMATCH).
absl::StatusOr<ScheduleRecord> WithChanges(const ScheduleRecord& record,
                                           const v1::UpdateScheduleRequest& request,
                                           absl::Time now);

// Returns what a run is to become: see RunMaker. Blocks. FAILED_PRECONDITION as of ResolveInputs().
absl::StatusOr<std::variant<JobRecord, BatchToMake>> MakeRunRecord(const ApiPorts& ports,
                                                                   const ScheduleRecord& schedule,
                                                                   const ScheduleRun& run,
                                                                   const std::string& id);

}  // namespace dq
