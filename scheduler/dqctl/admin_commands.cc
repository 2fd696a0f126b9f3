#include <vector>

#include "common/base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "scheduler/dqctl/admin_text.h"
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
  if (command.format == OutputFormat::kTable && stats.windows_size() > 0) {
    session.console.out << "\n";
    StatsWindowsTable(stats).Print(session.console.out);
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const AdminConcurrencyCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::GetConcurrencyRequest request;
  if (command.kind == "project") request.set_kind(dq::v1::CONCURRENCY_KIND_PROJECT);
  if (command.kind == "queue") request.set_kind(dq::v1::CONCURRENCY_KIND_QUEUE);
  if (command.kind == "key") request.set_kind(dq::v1::CONCURRENCY_KIND_KEY);
  DQ_ASSIGN_OR_RETURN(
      const std::vector<dq::v1::Concurrency> entries,
      (ListUpTo<dq::v1::Concurrency>(
          command.limit, request, [&](const auto& page) { return client->GetConcurrency(page); },
          [](const auto& response) { return response.entries(); })));
  PrintRecords(session.console, command.format, entries, ConcurrencyTable(entries));
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
