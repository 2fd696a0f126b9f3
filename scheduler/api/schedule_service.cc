#include "scheduler/api/schedule_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/schedule_codec.h"
#include "scheduler/api/schedule_creation.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr int kChangeTriesMax = 50;
constexpr int kRunsShownMax = 20;
constexpr size_t kRequestIdCharactersMax = 64;
constexpr size_t kRequestIdBytes = 16;

// Returns the schedule that the same request has made before its inputs were gone; else `why`.
absl::StatusOr<ScheduleRecord> FindEarlier(const ScheduleRecord& wanted, const absl::Status& why,
                                           ScheduleStore& schedules) {
  if (!absl::IsFailedPrecondition(why) || wanted.request_id.empty()) return why;
  auto earlier = schedules.GetScheduleByRequest(wanted.project, wanted.request_id);
  if (absl::IsUnavailable(earlier.status())) return earlier.status();
  // A reused request id is told only once the inputs are there.
  if (!earlier.ok() || earlier->request_hash != wanted.request_hash) return why;
  return earlier;
}

absl::Status List(const ApiPorts& ports, ScheduleStore& schedules,
                  const v1::ListSchedulesRequest& request, v1::ListSchedulesResponse& response) {
  const std::string identity = "ListSchedules " + request.parent();
  DQ_ASSIGN_OR_RETURN(const std::string project, ParseProject(request.parent(), "parent"));
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const ScheduleKey before, ReadNumberToken(identity, request.page_token()));
  DQ_ASSIGN_OR_RETURN(const std::vector<ScheduleRecord> page,
                      schedules.ListSchedules(project, before, size + 1));
  size_t bytes = 0;
  ScheduleKey last = 0;
  for (const ScheduleRecord& record : page) {
    v1::Schedule schedule = ToProto(record, ports.clock.Now());
    bytes += schedule.ByteSizeLong();
    const bool is_full = response.schedules_size() == size || bytes > kPageBytesMax;
    if (response.schedules_size() > 0 && is_full) {
      response.set_next_page_token(MakePageToken(identity, std::to_string(last)));
      break;
    }
    *response.add_schedules() = std::move(schedule);
    last = record.key;
  }
  return absl::OkStatus();
}

absl::Status CheckTrigger(const v1::TriggerScheduleRequest& request) {
  Violations violations;
  violations.Merge(ParseResource(request.name(), kSchedules, "name").status());
  violations.Require(IsPlainText(request.request_id(), kRequestIdCharactersMax), "request_id",
                     "at most 64 characters and no control characters");
  return violations.ToStatus();
}

absl::StatusOr<ScheduleView> WithTrigger(ScheduleView view, const std::string& request_id,
                                         const std::string& caller, absl::Time now) {
  const auto is_waiting = [](const ScheduleRun& run) { return run.state == RunState::kWaiting; };
  if (std::ranges::count_if(view.open, is_waiting) >= kRunsWaitingMax) {
    return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                     "100 runs of this schedule wait already; try again once some have begun",
                     {{"schedule", view.record.id}});
  }
  ScheduleRun run;
  run.number = ++view.record.runs;
  run.fire_time = now;
  run.is_triggered = true;
  run.request_id = request_id;
  run.actor = caller;
  run.kind = view.record.kind;
  view.open.push_back(std::move(run));
  view.record.look_time = now;
  return view;
}

}  // namespace

grpc::ServerUnaryReactor* ScheduleService::AnswerLeading(grpc::CallbackServerContext* context,
                                                         const char* method,
                                                         const std::string& subject, Work work) {
  auto call = UnaryCall::Begin(ports_, context, method);
  call->set_subject(subject);
  ports_.scheduler.GetStats(
      [call, work = std::move(work)](const absl::StatusOr<SchedulerStats>& stats) {
        if (!stats.ok()) return call->Finish(stats.status());
        call->RunBlocking([call, work] { call->Finish(work(*call)); });
      });
  return call->reactor();
}

absl::StatusOr<ScheduleView> ScheduleService::Find(const std::string& name) {
  DQ_ASSIGN_OR_RETURN(const ProjectResource parts, ParseResource(name, kSchedules, "name"));
  return schedules_.GetSchedule(parts.project, parts.id);
}

absl::StatusOr<v1::Schedule> ScheduleService::Describe(const ScheduleRecord& record) {
  v1::Schedule schedule = ToProto(record, ports_.clock.Now());
  DQ_ASSIGN_OR_RETURN(const std::vector<ScheduleRun> runs,
                      schedules_.ListRuns(record.key, kRunsShownMax));
  for (const ScheduleRun& run : runs) {
    *schedule.add_recent_runs() = ToProto(run, record.project);
  }
  return schedule;
}

grpc::ServerUnaryReactor* ScheduleService::CreateSchedule(grpc::CallbackServerContext* context,
                                                          const v1::CreateScheduleRequest* request,
                                                          v1::CreateScheduleResponse* response) {
  return AnswerLeading(
      context, "ScheduleService/CreateSchedule", request->parent(),
      [this, request, response](RpcCall& call) { return Create(*request, call, *response); });
}

absl::Status ScheduleService::Create(const v1::CreateScheduleRequest& request, RpcCall& call,
                                     v1::CreateScheduleResponse& response) {
  DQ_RETURN_IF_ERROR(ValidateCreateSchedule(request));
  if (request.validate_only()) return absl::OkStatus();
  const ScheduleRecord wanted = MakeScheduleRecord(request, call.caller(), ports_.clock.Now());
  call.set_subject(ResourceText(wanted.project, kSchedules, wanted.id));
  Created<ScheduleRecord> created;
  if (const absl::Status inputs =
          CheckTemplateInputs(request.parent(), request.schedule(), ports_.catalog);
      !inputs.ok()) {
    DQ_ASSIGN_OR_RETURN(created.record, FindEarlier(wanted, inputs, schedules_));
    created.existed = true;
  } else {
    DQ_RETURN_IF_ERROR(call.Audit("create_schedule"));
    DQ_ASSIGN_OR_RETURN(created, schedules_.CreateSchedule(wanted));
  }
  wake_();
  DQ_ASSIGN_OR_RETURN(*response.mutable_schedule(), Describe(created.record));
  response.set_existed(created.existed);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ScheduleService::GetSchedule(grpc::CallbackServerContext* context,
                                                       const v1::GetScheduleRequest* request,
                                                       v1::GetScheduleResponse* response) {
  return AnswerBlocking(ports_, context, "ScheduleService/GetSchedule",
                        [this, request, response](RpcCall&) -> absl::Status {
                          DQ_ASSIGN_OR_RETURN(const ScheduleView view, Find(request->name()));
                          DQ_ASSIGN_OR_RETURN(*response->mutable_schedule(), Describe(view.record));
                          return absl::OkStatus();
                        });
}

grpc::ServerUnaryReactor* ScheduleService::ListSchedules(grpc::CallbackServerContext* context,
                                                         const v1::ListSchedulesRequest* request,
                                                         v1::ListSchedulesResponse* response) {
  return AnswerBlocking(ports_, context, "ScheduleService/ListSchedules",
                        [this, request, response](RpcCall&) {
                          return List(ports_, schedules_, *request, *response);
                        });
}

absl::StatusOr<ScheduleRecord> ScheduleService::Change(
    const std::string& name,
    const std::function<absl::StatusOr<ScheduleView>(ScheduleView view, absl::Time now)>& change) {
  for (int i = 0; i < kChangeTriesMax; ++i) {
    DQ_ASSIGN_OR_RETURN(ScheduleView view, Find(name));
    const std::vector<ScheduleRun> recorded = view.open;
    const absl::Time now = ports_.clock.Now();
    const auto timetable = Timetable::Parse(view.record.cron, view.record.time_zone);
    if (timetable.ok()) view = DecideDue(std::move(view), *timetable, now);
    DQ_ASSIGN_OR_RETURN(view, change(std::move(view), now));
    const std::vector<ScheduleRun> added(view.open.begin() + std::ssize(recorded), view.open.end());
    const absl::Status status = schedules_.UpdateSchedule(view.record, added);
    if (absl::IsAborted(status)) continue;  // The runner has recorded something meanwhile.
    DQ_RETURN_IF_ERROR(status);
    wake_();
    return view.record;
  }
  return MakeError(absl::StatusCode::kUnavailable, "SCHEDULE_BUSY",
                   "the schedule changes all the time; try again");
}

grpc::ServerUnaryReactor* ScheduleService::UpdateSchedule(grpc::CallbackServerContext* context,
                                                          const v1::UpdateScheduleRequest* request,
                                                          v1::UpdateScheduleResponse* response) {
  return AnswerLeading(
      context, "ScheduleService/UpdateSchedule", request->schedule().name(),
      [this, request, response](RpcCall& call) { return Update(*request, call, *response); });
}

absl::Status ScheduleService::Update(const v1::UpdateScheduleRequest& request, RpcCall& call,
                                     v1::UpdateScheduleResponse& response) {
  DQ_RETURN_IF_ERROR(
      ParseResource(request.schedule().name(), kSchedules, "schedule.name").status());
  DQ_RETURN_IF_ERROR(call.Audit("update_schedule"));
  const auto change = [&](ScheduleView view, absl::Time now) -> absl::StatusOr<ScheduleView> {
    const std::string before = view.record.request;
    DQ_ASSIGN_OR_RETURN(view.record, WithChanges(view.record, request, now));
    if (view.record.request != before) {
      DQ_RETURN_IF_ERROR(CheckTemplateInputs("projects/" + view.record.project,
                                             ToProto(view.record, now), ports_.catalog));
    }
    return view;
  };
  DQ_ASSIGN_OR_RETURN(const ScheduleRecord changed, Change(request.schedule().name(), change));
  DQ_ASSIGN_OR_RETURN(*response.mutable_schedule(), Describe(changed));
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ScheduleService::DeleteSchedule(grpc::CallbackServerContext* context,
                                                          const v1::DeleteScheduleRequest* request,
                                                          v1::DeleteScheduleResponse*) {
  return AnswerLeading(context, "ScheduleService/DeleteSchedule", request->name(),
                       [this, request](RpcCall& call) -> absl::Status {
                         DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                                             ParseResource(request->name(), kSchedules, "name"));
                         DQ_RETURN_IF_ERROR(call.Audit("delete_schedule"));
                         return schedules_.DeleteSchedule(name.project, name.id);
                       });
}

grpc::ServerUnaryReactor* ScheduleService::TriggerSchedule(
    grpc::CallbackServerContext* context, const v1::TriggerScheduleRequest* request,
    v1::TriggerScheduleResponse* response) {
  return AnswerLeading(
      context, "ScheduleService/TriggerSchedule", request->name(),
      [this, request, response](RpcCall& call) { return Trigger(*request, call, *response); });
}

absl::Status ScheduleService::Trigger(const v1::TriggerScheduleRequest& request, RpcCall& call,
                                      v1::TriggerScheduleResponse& response) {
  DQ_RETURN_IF_ERROR(CheckTrigger(request));
  DQ_RETURN_IF_ERROR(call.Audit("trigger_schedule"));
  // With an id of its own a write whose answer was lost is recognised too.
  const bool is_named = !request.request_id().empty();
  const std::string request_id =
      is_named ? request.request_id() : "auto-" + RandomHex(kRequestIdBytes);
  bool existed = false;
  const auto trigger = [&](ScheduleView view, absl::Time now) -> absl::StatusOr<ScheduleView> {
    const auto earlier = schedules_.GetRunByRequest(view.record.key, request_id);
    existed = earlier.ok();
    if (existed) return view;
    if (!absl::IsNotFound(earlier.status())) return earlier.status();
    return WithTrigger(std::move(view), request_id, call.caller(), now);
  };
  DQ_ASSIGN_OR_RETURN(const ScheduleRecord schedule, Change(request.name(), trigger));
  DQ_ASSIGN_OR_RETURN(const ScheduleRun run, schedules_.GetRunByRequest(schedule.key, request_id));
  *response.mutable_run() = ToProto(run, schedule.project);
  response.set_existed(existed && is_named);
  return absl::OkStatus();
}

}  // namespace dq
