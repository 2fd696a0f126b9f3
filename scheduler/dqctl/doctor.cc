#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "google/protobuf/struct.pb.h"
#include "scheduler/dqctl/job_text.h"
#include "scheduler/dqctl/programs.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

constexpr absl::Duration kSkewWarned = absl::Seconds(5);
constexpr absl::Duration kQueuedLong = absl::Minutes(5);

enum class Health { kOk, kWarn, kFail };

// One line of the examination.
struct Finding {
  Health health = Health::kOk;
  std::string what;
  std::string found;
  std::string advice;  // What to do; empty when all is well.
};

const char* HealthName(Health health) {
  if (health == Health::kOk) return "ok";
  return health == Health::kWarn ? "warn" : "fail";
}

Finding Program(const std::string& name, const Session& session) {
  const auto path = FindProgram(name, session.program_folder, session.environment("PATH"));
  if (path.ok()) return {Health::kOk, name, *path, ""};
  return {Health::kWarn, name, "not found", "build or install it beside dqctl, or add it to PATH"};
}

Finding Postgres() {
  const auto folder = FindPostgres();
  if (folder.ok()) return {Health::kOk, "PostgreSQL for dev", *folder, ""};
  return {Health::kWarn, "PostgreSQL for dev", "not found",
          "needed by `dqctl dev` only: apt-get install postgresql"};
}

Finding Serving(Client& client) {
  const auto health = client.CheckHealth();
  if (!health.ok()) {
    return {Health::kFail, "health", MessageOf(health.status()), "see the scheduler's log"};
  }
  if (*health == "SERVING") return {Health::kOk, "health", *health, ""};
  return {Health::kFail, "health", *health,
          "the scheduler is a standby, starts, or has lost its database: see its log"};
}

void ExamineStats(const dq::v1::GetStatsResponse& stats, std::vector<Finding>& findings) {
  findings.push_back({Health::kOk, "database",
                      "answers; epoch " + std::to_string(stats.epoch()) + " of " + stats.instance(),
                      ""});
  const bool same = stats.version() == DQ_VERSION;
  findings.push_back({same ? Health::kOk : Health::kWarn, "version",
                      "scheduler " + stats.version() + ", dqctl " + DQ_VERSION,
                      same ? "" : "install the same version of both"});
  const std::string slots =
      std::to_string(stats.workers()) + " connected, " +
      std::to_string(std::max<int64_t>(stats.slots() - stats.slots_busy(), 0)) + " of " +
      std::to_string(stats.slots()) + " slots free";
  if (stats.workers() == 0) {
    findings.push_back({Health::kFail, "workers", slots,
                        "start one: dq-worker serve --scheduler HOST:PORT --storage-root DIR"});
  } else {
    const bool full = stats.slots_busy() >= stats.slots();
    findings.push_back({full ? Health::kWarn : Health::kOk, "workers", slots,
                        full ? "every slot is busy: add workers if jobs wait" : ""});
  }
  const absl::Duration age = absl::Seconds(stats.oldest_queued_age().seconds());
  const bool waits = stats.has_oldest_queued_age() && age > kQueuedLong;
  findings.push_back({waits ? Health::kWarn : Health::kOk, "queue",
                      stats.has_oldest_queued_age()
                          ? "the oldest job has waited " + ClockDuration(age)
                          : "nothing waits",
                      waits ? "see why: dqctl job list --filter 'state = \"QUEUED\"'" : ""});
}

// Compares clocks by what workers reported last: the scheduler stamps reports with its own time.
Finding ClockSkew(Client& client, absl::Time now) {
  const auto workers = client.ListWorkers(dq::v1::ListWorkersRequest());
  absl::Time newest = absl::InfinitePast();
  if (workers.ok()) {
    for (const auto& worker : workers->workers()) {
      newest = std::max(newest, ToTime(worker.last_report_time()));
    }
  }
  if (newest == absl::InfinitePast()) {
    return {Health::kOk, "clock", "not compared: no worker has reported", ""};
  }
  const absl::Duration ahead = newest - now;
  if (ahead < kSkewWarned) return {Health::kOk, "clock", "agrees with the scheduler's", ""};
  return {Health::kWarn, "clock", "the scheduler's is ahead by " + ClockDuration(ahead),
          "synchronise both machines' clocks: ages and times shown here are wrong by that"};
}

void ExamineScheduler(Session& session, std::vector<Finding>& findings) {
  const std::string& address = session.connection.address;
  auto client = Connect(session);
  if (!client.ok()) {
    findings.push_back({Health::kFail, "scheduler", MessageOf(client.status()),
                        "start one with `dqctl dev`, or set --address or DQ_ADDRESS"});
    return;
  }
  findings.push_back({Health::kOk, "scheduler", "answers at " + address, ""});
  findings.push_back(Serving(**client));
  const auto stats = (*client)->GetStats();
  if (!stats.ok()) {
    findings.push_back({Health::kFail, "database", MessageOf(stats.status()),
                        "see the scheduler's log and whether PostgreSQL runs"});
    return;
  }
  ExamineStats(*stats, findings);
  findings.push_back(ClockSkew(**client, session.console.now()));
}

Colour ColourOf(Health health) {
  if (health == Health::kOk) return Colour::kGreen;
  return health == Health::kWarn ? Colour::kYellow : Colour::kRed;
}

void PrintFindings(const std::vector<Finding>& findings, const Console& console) {
  for (const Finding& finding : findings) {
    const std::string name = HealthName(finding.health);
    console.out << Coloured(console, ColourOf(finding.health), name)
                << std::string(6 - name.size(), ' ') << finding.what << ": " << finding.found
                << "\n";
    if (!finding.advice.empty()) console.out << "      -> " << finding.advice << "\n";
  }
}

google::protobuf::Struct RecordOf(const Finding& finding) {
  google::protobuf::Struct record;
  auto& fields = *record.mutable_fields();
  fields["health"].set_string_value(HealthName(finding.health));
  fields["what"].set_string_value(finding.what);
  fields["found"].set_string_value(finding.found);
  fields["advice"].set_string_value(finding.advice);
  return record;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const DoctorCommand& command, Session& session) {
  std::vector<Finding> findings;
  ExamineScheduler(session, findings);
  findings.push_back(Program("dq-scheduler", session));
  findings.push_back(Program("dq-worker", session));
  findings.push_back(Program("dq-worker-agent", session));
  findings.push_back(Postgres());
  bool failed = false;
  std::vector<google::protobuf::Struct> records;
  for (const Finding& finding : findings) {
    failed = failed || finding.health == Health::kFail;
    records.push_back(RecordOf(finding));
  }
  if (command.format == OutputFormat::kTable) {
    PrintFindings(findings, session.console);
  } else {
    PrintRecords(session.console, command.format, records, Table({}));
  }
  return failed ? ExitCode::kError : ExitCode::kOk;
}

}  // namespace dq::dqctl
