#include <vector>

#include "common/base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

constexpr int kAllWorkers = 100'000;

}  // namespace

absl::StatusOr<ExitCode> Run(const WorkerListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const std::vector<dq::v1::Worker> workers,
                      (ListUpTo<dq::v1::Worker>(
                          kAllWorkers, dq::v1::ListWorkersRequest(),
                          [&](const auto& page) { return client->ListWorkers(page); },
                          [](const auto& response) { return response.workers(); })));
  PrintRecords(session.console, command.format, workers,
               WorkersTable(workers, session.console.now()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const WorkerDrainCommand& command, Session& session) {
  const bool is_name = command.name.find('/') != std::string::npos;
  const std::string name = is_name ? command.name : "workers/" + command.name;
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const dq::v1::Worker worker,
                      client->DrainWorker(command.kind, name, command.reason));
  PrintRecord(session.console, command.format, worker,
              WorkersTable({&worker, 1}, session.console.now()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const AdminStatsCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const dq::v1::GetStatsResponse stats, client->GetStats());
  PrintRecord(session.console, command.format, stats, StatsDetails(stats));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const VersionCommand& command, Session& session) {
  google::protobuf::Struct version;
  (*version.mutable_fields())["version"].set_string_value(DQ_VERSION);
  Table table({{""}, {""}});
  table.AddRow({"dqctl", DQ_VERSION});
  PrintRecord(session.console, command.format, version, table);
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
