// The calls of ScheduleService.
#include <utility>

#include "common/base/status_macros.h"
#include "scheduler/dqctl/client_call.h"

namespace dq::dqctl {

using ScheduleStub = dq::v1::ScheduleService::Stub;

absl::StatusOr<dq::v1::CreateScheduleResponse> Client::CreateSchedule(
    const dq::v1::CreateScheduleRequest& request) {
  return Call(*stubs_->schedule, &ScheduleStub::CreateSchedule, request);
}

absl::StatusOr<dq::v1::Schedule> Client::GetSchedule(const std::string& name) {
  dq::v1::GetScheduleRequest request;
  request.set_name(name);
  DQ_ASSIGN_OR_RETURN(auto response, Call(*stubs_->schedule, &ScheduleStub::GetSchedule, request));
  return std::move(*response.mutable_schedule());
}

absl::StatusOr<dq::v1::ListSchedulesResponse> Client::ListSchedules(
    const dq::v1::ListSchedulesRequest& request) {
  return Call(*stubs_->schedule, &ScheduleStub::ListSchedules, request);
}

absl::StatusOr<dq::v1::Schedule> Client::UpdateSchedule(
    const dq::v1::UpdateScheduleRequest& request) {
  DQ_ASSIGN_OR_RETURN(auto response,
                      Call(*stubs_->schedule, &ScheduleStub::UpdateSchedule, request));
  return std::move(*response.mutable_schedule());
}

absl::Status Client::DeleteSchedule(const std::string& name) {
  dq::v1::DeleteScheduleRequest request;
  request.set_name(name);
  return Call(*stubs_->schedule, &ScheduleStub::DeleteSchedule, request).status();
}

absl::StatusOr<dq::v1::TriggerScheduleResponse> Client::TriggerSchedule(
    const dq::v1::TriggerScheduleRequest& request) {
  return Call(*stubs_->schedule, &ScheduleStub::TriggerSchedule, request);
}

}  // namespace dq::dqctl
