// Projects, queues and concurrency keys: what limits them and what runs and waits, as operators see
// and set it.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/error.h"
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

constexpr GroupKind kAllKinds[] = {GroupKind::kProject, GroupKind::kQueue,
                                   GroupKind::kConcurrencyKey};

// Where a page of all kinds goes on: "{kind} {name}".
std::string CursorOf(const GroupLimit& limit) {
  return std::to_string(static_cast<int>(limit.kind)) + " " + limit.name;
}

// Whether a cursor is one; a token of another release may hold something else.
bool IsCursor(const std::string& cursor) {
  return cursor.empty() ||
         (cursor.size() > 2 && cursor[0] >= '1' && cursor[0] <= '3' && cursor[1] == ' ');
}

// Returns what to list from `cursor` on ("": from the first), `wanted` or all kinds.
GroupQuery QueryFrom(const std::string& cursor, std::optional<GroupKind> wanted, int size) {
  GroupQuery query;
  query.limit = static_cast<size_t>(size) + 1;
  const auto first = cursor.empty() ? GroupKind::kProject : static_cast<GroupKind>(cursor[0] - '0');
  for (const GroupKind kind : kAllKinds) {
    if (kind >= first && kind == wanted.value_or(kind)) query.kinds.push_back(kind);
  }
  if (!cursor.empty()) query.after = cursor.substr(2);
  return query;
}

v1::Concurrency ConcurrencyToProto(const GroupView& view) {
  v1::Concurrency entry;
  const std::string& name = view.limit.name;
  switch (view.limit.kind) {
    case GroupKind::kProject:
      entry.set_kind(v1::CONCURRENCY_KIND_PROJECT);
      entry.set_name(kProjects + name);
      break;
    case GroupKind::kQueue:
      entry.set_kind(v1::CONCURRENCY_KIND_QUEUE);
      entry.set_name(kQueues + name);
      break;
    case GroupKind::kConcurrencyKey:
      entry.set_kind(v1::CONCURRENCY_KIND_KEY);
      entry.set_name(kProjects + name.substr(0, name.find('/')));
      entry.set_key(name.substr(name.find('/') + 1));
      break;
  }
  entry.set_running_max(ToProto(view.limit.running_max));
  entry.set_running(view.running);
  entry.set_waiting(view.waiting);
  entry.set_live(view.live);
  return entry;
}

}  // namespace

template <typename Request>
void AdminService::ListGroups(const std::shared_ptr<UnaryCall>& call, const Request& request,
                              std::optional<GroupKind> kind, const std::string& query,
                              std::function<void(const GroupView&)> add,
                              std::string* next_page_token) {
  const auto size = EffectivePageSize(request.page_size());
  const auto after = ReadPageToken(query, request.page_token());
  if (!size.ok() || !after.ok()) return call->Finish(size.ok() ? after.status() : size.status());
  if (!IsCursor(*after)) {
    return call->Finish(MakeError(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_MISMATCH",
                                  "the page token is of another list"));
  }
  ports_.scheduler.ListGroups(
      QueryFrom(*after, kind, *size),
      [call, size = static_cast<size_t>(*size), query, add = std::move(add),
       next_page_token](const absl::StatusOr<std::vector<GroupView>>& views) {
        if (!views.ok()) return call->Finish(views.status());
        for (size_t i = 0; i < std::min(size, views->size()); ++i) add((*views)[i]);
        if (views->size() > size) {
          *next_page_token = MakePageToken(query, CursorOf((*views)[size - 1].limit));
        }
        call->Finish(absl::OkStatus());
      });
}

grpc::ServerUnaryReactor* AdminService::ListQueues(grpc::CallbackServerContext* context,
                                                   const v1::ListQueuesRequest* request,
                                                   v1::ListQueuesResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/ListQueues");
  const auto add = [response](const GroupView& view) {
    *response->add_queues() = QueueToProto(view);
  };
  ListGroups(call, *request, GroupKind::kQueue, "ListQueues", add,
             response->mutable_next_page_token());
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::ListProjects(grpc::CallbackServerContext* context,
                                                     const v1::ListProjectsRequest* request,
                                                     v1::ListProjectsResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/ListProjects");
  const auto add = [response](const GroupView& view) {
    *response->add_projects() = ProjectToProto(view);
  };
  ListGroups(call, *request, GroupKind::kProject, "ListProjects", add,
             response->mutable_next_page_token());
  return call->reactor();
}

grpc::ServerUnaryReactor* AdminService::GetConcurrency(grpc::CallbackServerContext* context,
                                                       const v1::GetConcurrencyRequest* request,
                                                       v1::GetConcurrencyResponse* response) {
  auto call = UnaryCall::Begin(ports_, context, "AdminService/GetConcurrency");
  if (!v1::ConcurrencyKind_IsValid(request->kind())) {
    call->Finish(FieldError("BAD_FIELD", {{"kind", "a kind, or unspecified for all"}}));
    return call->reactor();
  }
  std::optional<GroupKind> kind;
  if (request->kind() != v1::CONCURRENCY_KIND_UNSPECIFIED) {
    kind = static_cast<GroupKind>(request->kind());
  }
  const auto add = [response](const GroupView& view) {
    *response->add_entries() = ConcurrencyToProto(view);
  };
  ListGroups(call, *request, kind, "GetConcurrency " + std::to_string(request->kind()), add,
             response->mutable_next_page_token());
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
