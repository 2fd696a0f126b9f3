// The limits of queues and projects, as operators see and set them.
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "scheduler/api/admin_service.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr char kQueues[] = "queues/";
constexpr char kProjects[] = "projects/";
constexpr int32_t kWeightMax = 1000;

// In the API 0 stands for no limit.
int32_t ToProto(int32_t limit) { return limit == kUnlimited ? 0 : limit; }
int32_t FromProto(int32_t limit) { return limit == 0 ? kUnlimited : limit; }

template <typename Proto>
Proto GroupToProto(const std::string& prefix, const GroupView& view) {
  Proto proto;
  proto.set_name(prefix + view.limit.name);
  proto.set_running_max(ToProto(view.limit.running_max));
  proto.set_live_max(ToProto(view.limit.live_max));
  proto.set_live(view.live);
  proto.set_running(view.running);
  return proto;
}

v1::Queue QueueToProto(const GroupView& view) { return GroupToProto<v1::Queue>(kQueues, view); }

v1::Project ProjectToProto(const GroupView& view) {
  auto project = GroupToProto<v1::Project>(kProjects, view);
  project.set_weight(view.limit.weight);
  return project;
}

// Returns the limit that `proto` describes, named `field` in the request.
template <typename Proto>
absl::StatusOr<GroupLimit> LimitFrom(const Proto& proto, GroupKind kind, const std::string& prefix,
                                     const std::string& field) {
  GroupLimit limit;
  limit.kind = kind;
  if (proto.name().rfind(prefix, 0) == 0) limit.name = proto.name().substr(prefix.size());
  Violations violations;
  violations.Require(IsResourceId(limit.name), field + ".name", prefix + "{id}");
  violations.Require(proto.running_max() >= 0, field + ".running_max", "0 (no limit) or more");
  violations.Require(proto.live_max() >= 0, field + ".live_max", "0 (no limit) or more");
  DQ_RETURN_IF_ERROR(violations.ToStatus());
  limit.running_max = FromProto(proto.running_max());
  limit.live_max = FromProto(proto.live_max());
  return limit;
}

// Adds one page of `views`, which are sorted by name, with `add`; returns the next page's token.
template <typename Request, typename Add>
absl::StatusOr<std::string> AddPage(const std::vector<GroupView>& views, const Request& request,
                                    const std::string& query, Add add) {
  DQ_ASSIGN_OR_RETURN(const int size, EffectivePageSize(request.page_size()));
  DQ_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(query, request.page_token()));
  int added = 0;
  std::string last;
  for (const GroupView& view : views) {
    if (view.limit.name <= after) continue;
    if (added++ == size) return MakePageToken(query, last);
    last = view.limit.name;
    add(view);
  }
  return std::string();
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::ListQueues(grpc::CallbackServerContext* context,
                                                   const v1::ListQueuesRequest* request,
                                                   v1::ListQueuesResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/ListQueues");
  ports_.scheduler.ListGroups(
      GroupKind::kQueue,
      [call, request, response](const absl::StatusOr<std::vector<GroupView>>& views) {
        if (!views.ok()) return call->Finish(views.status());
        const auto next = AddPage(*views, *request, "ListQueues", [response](const auto& view) {
          *response->add_queues() = QueueToProto(view);
        });
        if (next.ok()) response->set_next_page_token(*next);
        call->Finish(next.status());
      });
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::ListProjects(grpc::CallbackServerContext* context,
                                                     const v1::ListProjectsRequest* request,
                                                     v1::ListProjectsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/ListProjects");
  ports_.scheduler.ListGroups(
      GroupKind::kProject,
      [call, request, response](const absl::StatusOr<std::vector<GroupView>>& views) {
        if (!views.ok()) return call->Finish(views.status());
        const auto next = AddPage(*views, *request, "ListProjects", [response](const auto& view) {
          *response->add_projects() = ProjectToProto(view);
        });
        if (next.ok()) response->set_next_page_token(*next);
        call->Finish(next.status());
      });
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::UpdateQueue(grpc::CallbackServerContext* context,
                                                    const v1::UpdateQueueRequest* request,
                                                    v1::UpdateQueueResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/UpdateQueue");
  call->set_subject(request->queue().name());
  const auto limit = LimitFrom(request->queue(), GroupKind::kQueue, kQueues, "queue");
  if (!limit.ok()) {
    call->Finish(limit.status());
    return call->reactor();
  }
  Set(call, *limit,
      [response](const GroupView& view) { *response->mutable_queue() = QueueToProto(view); });
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::UpdateProject(grpc::CallbackServerContext* context,
                                                      const v1::UpdateProjectRequest* request,
                                                      v1::UpdateProjectResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/UpdateProject");
  const v1::Project& project = request->project();
  call->set_subject(project.name());
  auto limit = LimitFrom(project, GroupKind::kProject, kProjects, "project");
  if (limit.ok() && (project.weight() < 0 || project.weight() > kWeightMax)) {
    limit = FieldError("BAD_FIELD", {{"project.weight", "1 to 1,000, or 0 for the default of 1"}});
  }
  if (!limit.ok()) {
    call->Finish(limit.status());
    return call->reactor();
  }
  if (project.weight() > 0) limit->weight = project.weight();
  Set(call, *limit,
      [response](const GroupView& view) { *response->mutable_project() = ProjectToProto(view); });
  return call->reactor();
}

void AdminService::Set(const std::shared_ptr<UnaryCall>& call, const GroupLimit& limit,
                       std::function<void(const GroupView&)> answer) {
  RecordAsLeader(call, [this, call, limit, answer = std::move(answer)](int64_t epoch) {
    const absl::Status saved = ports_.catalog.SaveLimit(limit, epoch);
    if (!saved.ok()) return call->Finish(AsCallerSees(saved));
    ports_.scheduler.SetLimit(limit, [call, answer](const absl::StatusOr<GroupView>& view) {
      if (view.ok()) answer(*view);
      call->Finish(view.status());
    });
  });
}

}  // namespace dq
