// Jobs that do not get on: listed with a diagnosis, and recovered.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/base/error.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "scheduler/api/admin_service.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/stuck_codec.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kRecoveredMax = 1000;
constexpr int kShownMax = 20;
constexpr absl::Duration kLimitMin = absl::Seconds(1);
constexpr absl::Duration kLimitMax = absl::Hours(24 * 365);

// Reads how long is too long; unset: as it was.
void ReadLimit(const google::protobuf::Duration& given, bool is_set, const std::string& field,
               Violations& violations, absl::Duration& limit) {
  if (!is_set) return;
  const bool is_valid = IsValidProto(given);
  if (is_valid) limit = FromProto(given);
  violations.Require(is_valid && limit >= kLimitMin && limit <= kLimitMax, field,
                     "1 second to 365 days");
}

// Reads what both requests say of the jobs that are meant.
template <typename Request>
StuckQuery ReadQuery(const Request& request, Violations& violations) {
  StuckQuery query;
  if (!request.parent().empty()) {
    auto project = ParseProject(request.parent(), "parent");
    violations.Merge(project.status());
    if (project.ok()) query.project = *std::move(project);
  }
  const bool is_known = v1::StuckDiagnosis_IsValid(request.diagnosis());
  violations.Require(is_known, "diagnosis", "a diagnosis, or unspecified");
  if (request.diagnosis() != v1::STUCK_DIAGNOSIS_UNSPECIFIED) {
    query.diagnosis = static_cast<StuckDiagnosis>(request.diagnosis());
  }
  ReadLimit(request.no_progress_for(), request.has_no_progress_for(), "no_progress_for", violations,
            query.limits.no_progress_for);
  ReadLimit(request.waiting_for(), request.has_waiting_for(), "waiting_for", violations,
            query.limits.waiting_for);
  return query;
}

absl::StatusOr<StuckQuery> ParseList(const v1::ListStuckJobsRequest& request,
                                     const std::string& identity) {
  Violations violations;
  StuckQuery query = ReadQuery(request, violations);
  const auto size = EffectivePageSize(request.page_size());
  violations.Merge(size.status());
  DQ_RETURN_IF_ERROR(violations.ToStatus());
  DQ_ASSIGN_OR_RETURN(query.after, ReadNumberToken(identity, request.page_token()));
  query.limit = static_cast<size_t>(*size) + 1;
  return query;
}

absl::StatusOr<StuckQuery> ParseRecover(const v1::RecoverJobsRequest& request) {
  Violations violations;
  StuckQuery query = ReadQuery(request, violations);
  violations.RequireReason(request.reason());
  const bool is_action = v1::RecoverAction_IsValid(request.action()) &&
                         request.action() != v1::RECOVER_ACTION_UNSPECIFIED;
  violations.Require(is_action, "action", "what to do: RELEASE, RETRY or FAIL");
  const bool is_in_vain = request.diagnosis() == v1::STUCK_DIAGNOSIS_NO_WORKER &&
                          request.action() != v1::RECOVER_ACTION_FAIL;
  violations.Require(!is_in_vain, "action", "FAIL: of a job without a worker no attempt runs");
  violations.Require(request.names_size() <= kNamedJobsMax, "names", "at most 1,000");
  for (int i = 0; i < std::min(request.names_size(), kNamedJobsMax); ++i) {
    auto name = ParseJobName(request.names(i), "names[" + std::to_string(i) + "]");
    violations.Merge(name.status());
    if (name.ok()) query.names.push_back(*std::move(name));
  }
  DQ_RETURN_IF_ERROR(violations.ToStatus());
  // Whoever names a job that waits hears why it cannot be done; of all others it is not meant.
  query.only_running = request.action() != v1::RECOVER_ACTION_FAIL && query.names.empty();
  query.limit = kRecoveredMax;
  return query;
}

std::string IdentityOf(const v1::ListStuckJobsRequest& request) {
  v1::ListStuckJobsRequest query = request;
  query.clear_page_size();
  query.clear_page_token();
  return "ListStuckJobs " + query.SerializeAsString();
}

void Fill(const StuckList& list, const std::string& identity, size_t size,
          v1::ListStuckJobsResponse& response) {
  for (const StuckView& view : list.jobs) {
    if (static_cast<size_t>(response.stuck_jobs_size()) == size) {
      const JobKey last = list.jobs[size - 1].key;
      response.set_next_page_token(MakePageToken(identity, std::to_string(last)));
      break;
    }
    *response.add_stuck_jobs() = StuckJobToProto(view);
  }
  response.set_total_size(list.total);
  response.set_unlisted(list.unlisted);
}

OperatorAction AuditOf(const v1::RecoverJobsRequest& request, const StuckList& list) {
  return {absl::AsciiStrToLower(v1::RecoverAction_Name(request.action())),
          request.parent().empty() ? "projects/-" : request.parent(),
          {{"jobs", std::to_string(list.jobs.size())}}};
}

// Notes what became of a job.
void Note(const JobName& name, const absl::Status& outcome, v1::RecoverJobsResponse& response) {
  if (outcome.ok()) {
    response.set_recovered(response.recovered() + 1);
  } else if (response.refusals_size() < kShownMax) {
    *response.add_refusals() = JobRefusalToProto(name, outcome);
  }
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::ListStuckJobs(grpc::CallbackServerContext* context,
                                                      const v1::ListStuckJobsRequest* request,
                                                      v1::ListStuckJobsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/ListStuckJobs");
  const std::string identity = IdentityOf(*request);
  const auto query = ParseList(*request, identity);
  if (!query.ok()) {
    call->Finish(query.status());
    return call->reactor();
  }
  ports_.scheduler.ListStuck(*query, [call, identity, size = query->limit - 1,
                                      response](const absl::StatusOr<StuckList>& list) {
    if (list.ok()) Fill(*list, identity, size, *response);
    call->Finish(list.status());
  });
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::RecoverJobs(grpc::CallbackServerContext* context,
                                                    const v1::RecoverJobsRequest* request,
                                                    v1::RecoverJobsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/RecoverJobs");
  call->set_subject(request->parent().empty() ? "projects/-" : request->parent());
  const auto query = ParseRecover(*request);
  if (!query.ok()) {
    call->Finish(query.status());
    return call->reactor();
  }
  ports_.scheduler.ListStuck(
      *query, [this, call, request, response](const absl::StatusOr<StuckList>& list) {
        if (!list.ok()) return call->Finish(list.status());
        response->set_matched(std::ssize(list->jobs));
        for (int i = 0; i < std::min<int>(kShownMax, static_cast<int>(list->jobs.size())); ++i) {
          *response->add_sample() = StuckJobToProto(list->jobs[static_cast<size_t>(i)]);
        }
        if (!request->force() || list->jobs.empty()) return call->Finish(absl::OkStatus());
        call->RunBlocking([this, call, request, response, list = *list] {
          const OperatorWord word = {call->caller(), request->reason(), ports_.clock.Now()};
          const absl::Status told = operators_.AddEvent(AuditOf(*request, list), word);
          if (!told.ok()) return call->Finish(told);
          RecoverAll(call, list, *request, *response);
        });
      });
  return call->reactor();
}

void AdminService::RecoverAll(const std::shared_ptr<UnaryCall>& call, const StuckList& list,
                              const v1::RecoverJobsRequest& request,
                              v1::RecoverJobsResponse& response) {
  struct Outcomes {
    Mutex mutex;
    size_t left GUARDED_BY(mutex) = 0;
  };
  const auto outcomes = std::make_shared<Outcomes>();
  {
    MutexLock lock(outcomes->mutex);
    outcomes->left = list.jobs.size();
  }
  Recovery recovery = {static_cast<RecoverAction>(request.action()), 0, request.reason(),
                       call->caller()};
  for (const StuckView& view : list.jobs) {
    recovery.version = view.job.record.status.version;
    const JobName& name = view.job.record.name;
    ports_.scheduler.Recover(name, recovery,
                             [call, outcomes, name, &response](const absl::StatusOr<JobView>& job) {
                               bool is_last = false;
                               {
                                 MutexLock lock(outcomes->mutex);
                                 Note(name, job.status(), response);
                                 is_last = --outcomes->left == 0;
                               }
                               if (is_last) call->Finish(absl::OkStatus());
                             });
  }
}

}  // namespace dq
