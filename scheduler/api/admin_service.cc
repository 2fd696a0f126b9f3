#include "scheduler/api/admin_service.h"

#include <algorithm>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/api/worker_view_codec.h"
#include "scheduler/core/state_table.h"

namespace dq {
namespace {

constexpr char kWorkersQuery[] = "ListWorkers";

void Fill(const DurationSummary& summary, v1::DurationSummary& proto) {
  proto.set_count(summary.count);
  if (summary.count == 0) return;
  *proto.mutable_mean() = ToProto(summary.mean);
  *proto.mutable_median() = ToProto(summary.median);
  *proto.mutable_p95() = ToProto(summary.p95);
  *proto.mutable_p99() = ToProto(summary.p99);
  *proto.mutable_longest() = ToProto(summary.longest);
}

void Fill(const FlowWindow& window, v1::StatsWindow& proto) {
  *proto.mutable_length() = ToProto(window.length);
  *proto.mutable_observed() = ToProto(window.observed);
  proto.set_created(window.CountOf(FlowEvent::kCreated));
  proto.set_started(window.CountOf(FlowEvent::kStarted));
  proto.set_attempts_failed(window.CountOf(FlowEvent::kAttemptFailed));
  proto.set_completed(window.CountOf(FlowEvent::kCompleted));
  proto.set_failed(window.CountOf(FlowEvent::kFailed));
  proto.set_cancelled(window.CountOf(FlowEvent::kCancelled));
  proto.set_skipped(window.CountOf(FlowEvent::kSkipped));
  const double seconds = absl::ToDoubleSeconds(window.observed);
  const auto rate = [seconds](int64_t count) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
  };
  proto.set_created_per_second(rate(proto.created()));
  proto.set_started_per_second(rate(proto.started()));
  proto.set_ended_per_second(
      rate(proto.completed() + proto.failed() + proto.cancelled() + proto.skipped()));
  Fill(window.wait, *proto.mutable_wait());
  Fill(window.run, *proto.mutable_run());
}

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
  for (const FlowWindow& window : stats.windows) Fill(window, *response.add_windows());
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

void AdminService::RecordAsLeader(const std::shared_ptr<UnaryCall>& call,
                                  std::function<void(int64_t epoch)> record) {
  // Only the leader can make it effective: another replica must not record it unheard.
  ports_.scheduler.GetStats(
      [this, call, record = std::move(record)](const absl::StatusOr<SchedulerStats>& stats) {
        if (!stats.ok()) return call->Finish(stats.status());
        call->RunBlocking([this, record, epoch = stats->epoch] {
          MutexLock lock(record_mutex_);
          record(epoch);
        });
      });
}

absl::Status AdminService::AsCallerSees(const absl::Status& refused) {
  if (!absl::IsAborted(refused)) return refused;
  return MakeError(absl::StatusCode::kUnavailable, ReasonOf(refused), MessageOf(refused));
}

}  // namespace dq
