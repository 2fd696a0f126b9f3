// dq.v1.ScheduleService. What is asked of a schedule is recorded here and done by the schedule
// runner. Thread-safe; outlives its server.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dq/v1/schedule_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/core/schedule_store.h"

namespace dq {

class ScheduleService final : public v1::ScheduleService::CallbackService {
 public:
  // `wake` tells the runner that there may be something to do; it returns at once.
  ScheduleService(const ApiPorts& ports, ScheduleStore& schedules, std::function<void()> wake)
      : ports_(ports), schedules_(schedules), wake_(std::move(wake)) {}

  grpc::ServerUnaryReactor* CreateSchedule(grpc::CallbackServerContext* context,
                                           const v1::CreateScheduleRequest* request,
                                           v1::CreateScheduleResponse* response) override;
  grpc::ServerUnaryReactor* GetSchedule(grpc::CallbackServerContext* context,
                                        const v1::GetScheduleRequest* request,
                                        v1::GetScheduleResponse* response) override;
  grpc::ServerUnaryReactor* ListSchedules(grpc::CallbackServerContext* context,
                                          const v1::ListSchedulesRequest* request,
                                          v1::ListSchedulesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateSchedule(grpc::CallbackServerContext* context,
                                           const v1::UpdateScheduleRequest* request,
                                           v1::UpdateScheduleResponse* response) override;
  grpc::ServerUnaryReactor* DeleteSchedule(grpc::CallbackServerContext* context,
                                           const v1::DeleteScheduleRequest* request,
                                           v1::DeleteScheduleResponse* response) override;
  grpc::ServerUnaryReactor* TriggerSchedule(grpc::CallbackServerContext* context,
                                            const v1::TriggerScheduleRequest* request,
                                            v1::TriggerScheduleResponse* response) override;

 private:
  using Work = std::function<absl::Status(RpcCall&)>;
  // Answers with what `work` returns, run where it may block, if this replica leads; else says who
  // does. What is about `subject` is logged.
  grpc::ServerUnaryReactor* AnswerLeading(grpc::CallbackServerContext* context, const char* method,
                                          const std::string& subject, Work work);
  // All of them block.
  absl::Status Create(const v1::CreateScheduleRequest& request, RpcCall& call,
                      v1::CreateScheduleResponse& response);
  absl::Status Update(const v1::UpdateScheduleRequest& request, RpcCall& call,
                      v1::UpdateScheduleResponse& response);
  absl::Status Trigger(const v1::TriggerScheduleRequest& request, RpcCall& call,
                       v1::TriggerScheduleResponse& response);
  absl::StatusOr<ScheduleView> Find(const std::string& name);
  absl::StatusOr<v1::Schedule> Describe(const ScheduleRecord& record);
  // Writes what `change` makes of a schedule, after the times that have come are decided by what it
  // was; again when the runner was faster.
  absl::StatusOr<ScheduleRecord> Change(
      const std::string& name,
      const std::function<absl::StatusOr<ScheduleView>(ScheduleView view, absl::Time now)>& change);

  const ApiPorts ports_;
  ScheduleStore& schedules_;
  const std::function<void()> wake_;
};

}  // namespace dq
