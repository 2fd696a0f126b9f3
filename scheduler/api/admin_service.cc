#include "scheduler/api/admin_service.h"

#include <algorithm>
#include <vector>

#include "common/base/status_macros.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

constexpr char kWorkersQuery[] = "ListWorkers";

void Fill(const SchedulerStats& stats, v1::GetStatsResponse& response) {
  for (auto state = static_cast<int16_t>(JobState::kPending);
       state <= static_cast<int16_t>(JobState::kSkipped); ++state) {
    const auto counted = stats.jobs_by_state.find(static_cast<JobState>(state));
    (*response.mutable_jobs_by_state())[std::string(StateName(static_cast<JobState>(state)))] =
        counted == stats.jobs_by_state.end() ? 0 : counted->second;
  }
  response.set_workers(stats.workers);
  response.set_slots(stats.slots);
  response.set_slots_busy(stats.slots_busy);
  if (stats.oldest_queued_age.has_value()) {
    *response.mutable_oldest_queued_age() = ToProto(*stats.oldest_queued_age);
  }
  response.set_epoch(stats.epoch);
}

v1::Worker WorkerToProto(const WorkerView& view) {
  v1::Worker worker;
  worker.set_name("workers/" + view.instance);
  worker.mutable_stages()->Add(view.stages.begin(), view.stages.end());
  worker.set_slots(view.slots);
  worker.set_slots_busy(static_cast<int32_t>(view.jobs.size()));
  worker.set_draining(view.draining);
  *worker.mutable_connect_time() = ToProto(view.connect_time);
  *worker.mutable_last_report_time() = ToProto(view.last_report_time);
  for (const JobName& job : view.jobs) worker.add_jobs(JobText(job));
  worker.set_version(view.version);
  worker.mutable_labels()->insert(view.labels.begin(), view.labels.end());
  return worker;
}

// Fills one page of `workers` in the order of their names.
absl::Status FillPage(std::vector<WorkerView> workers, const v1::ListWorkersRequest& request,
                      v1::ListWorkersResponse& response) {
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(kWorkersQuery, request.page_token()));
  std::sort(workers.begin(), workers.end(),
            [](const WorkerView& a, const WorkerView& b) { return a.instance < b.instance; });
  for (const WorkerView& worker : workers) {
    if (worker.instance <= after) continue;
    if (response.workers_size() == size) {
      const std::string last = response.workers(size - 1).name();
      response.set_next_page_token(MakePageToken(kWorkersQuery, last.substr(last.find('/') + 1)));
      break;
    }
    *response.add_workers() = WorkerToProto(worker);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::GetStats(grpc::CallbackServerContext* context,
                                                 const v1::GetStatsRequest*,
                                                 v1::GetStatsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/GetStats");
  response->set_instance(instance_);
  response->set_version(version_);
  ports_.scheduler.GetStats([call, response](const absl::StatusOr<SchedulerStats>& stats) {
    if (stats.ok()) Fill(*stats, *response);
    call->Finish(stats.status());
  });
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::ListWorkers(grpc::CallbackServerContext* context,
                                                    const v1::ListWorkersRequest* request,
                                                    v1::ListWorkersResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/ListWorkers");
  ports_.scheduler.ListWorkers(
      [call, request, response](const absl::StatusOr<std::vector<WorkerView>>& workers) {
        if (!workers.ok()) return call->Finish(workers.status());
        call->Finish(FillPage(*workers, *request, *response));
      });
  return call->reactor();
}

}  // namespace dq
