#include <vector>

#include "common/base/status_macros.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

using dq::v1::Project;
using dq::v1::Queue;

constexpr int kAllGroups = 100'000;

}  // namespace

absl::StatusOr<ExitCode> Run(const QueueListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const std::vector<Queue> queues,
                      (ListUpTo<Queue>(
                          kAllGroups, dq::v1::ListQueuesRequest(),
                          [&](const auto& page) { return client->ListQueues(page); },
                          [](const auto& response) { return response.queues(); })));
  PrintRecords(session.console, command.format, queues, QueuesTable(queues));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const QueueSetCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  Queue queue;
  queue.set_name("queues/" + command.name);
  queue.set_running_max(command.running_max);
  queue.set_live_max(command.live_max);
  DQ_ASSIGN_OR_RETURN(queue, client->UpdateQueue(queue));
  PrintRecord(session.console, command.format, queue, QueuesTable({&queue, 1}));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ProjectListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const std::vector<Project> projects,
                      (ListUpTo<Project>(
                          kAllGroups, dq::v1::ListProjectsRequest(),
                          [&](const auto& page) { return client->ListProjects(page); },
                          [](const auto& response) { return response.projects(); })));
  PrintRecords(session.console, command.format, projects, ProjectsTable(projects));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ProjectSetCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  Project project;
  project.set_name("projects/" + command.name);
  project.set_running_max(command.running_max);
  project.set_live_max(command.live_max);
  project.set_weight(command.weight);
  DQ_ASSIGN_OR_RETURN(project, client->UpdateProject(project));
  PrintRecord(session.console, command.format, project, ProjectsTable({&project, 1}));
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
