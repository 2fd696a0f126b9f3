#include "scheduler/dqctl/dev_fleet.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "scheduler/dqctl/record.h"

namespace dq::dqctl {
namespace {

constexpr absl::Duration kStartLimit = absl::Seconds(30);
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);
constexpr absl::Duration kRestartPause = absl::Seconds(1);
constexpr int kDrainGraceSeconds = 5;
constexpr absl::Duration kGrace = absl::Seconds(10);  // Longer than the drain.
constexpr absl::Duration kDatabaseGrace = absl::Seconds(20);
constexpr int kLogLinesShown = 5;

}  // namespace

DevFleet::DevFleet(const FleetOptions& options, const DevFolder& folder,
                   const DevDatabase& database, Session& session)
    : options_(options), folder_(folder), database_(database), session_(session) {
  members_.push_back({.name = "postgres",
                      .command = {},
                      .stop_signal = SIGINT,
                      .grace = kDatabaseGrace,
                      .process = std::nullopt});
  members_.push_back({.name = "scheduler",
                      .command = {options.scheduler_program, "--listen", options.address,
                                  "--database", database.ConnectionText(), "--storage-root",
                                  folder.storage(), "--admin-address", "127.0.0.1:0"},
                      .grace = kGrace,
                      .process = std::nullopt});
  for (int i = 1; i <= options.workers; ++i) {
    const std::string name = "worker-" + std::to_string(i);
    members_.push_back({.name = name,
                        .command = {options.worker_program, "serve", "--scheduler", options.address,
                                    "--storage-root", folder.storage(), "--slots",
                                    std::to_string(options.slots), "--admin-address", "127.0.0.1:0",
                                    "--drain-grace", std::to_string(kDrainGraceSeconds)},
                        .grace = kGrace,
                        .process = std::nullopt});
  }
}

absl::Status DevFleet::StartFailed(const Member& member, const std::string& why) const {
  const std::string log = folder_.log(member.name);
  return MakeError(
      absl::StatusCode::kInternal, "START_FAILED",
      member.name + " " + why + "; " + log + " ends:" + LastLines(log, kLogLinesShown));
}

absl::Status DevFleet::Launch(Member& member) {
  DQ_ASSIGN_OR_RETURN(const UniqueFd log, OpenLog(folder_.log(member.name)));
  const ChildOptions options = member.command.empty() ? database_.Child(log.get())
                                                      : ChildOptions{.command = member.command,
                                                                     .stdout_fd = log.get(),
                                                                     .stderr_fd = log.get(),
                                                                     .account = std::nullopt,
                                                                     .death_signal = SIGKILL};
  member.started = absl::Now();
  DQ_ASSIGN_OR_RETURN(ChildProcess process, ChildProcess::Start(options));
  member.process.emplace(std::move(process));
  return absl::OkStatus();
}

absl::Status DevFleet::Await(Member& member, const std::function<bool()>& ready) {
  const absl::Time give_up = absl::Now() + kStartLimit;
  while (!ready()) {
    if (const auto end = member.process->Poll()) {
      return StartFailed(member, "ended with " + end->Text());
    }
    if (absl::Now() > give_up) return StartFailed(member, "is not ready in time");
    if (session_.interrupt.Sleep(kPollInterval)) return InterruptedError();
  }
  return absl::OkStatus();
}

absl::Status DevFleet::AwaitDatabase() {
  Member& postgres = members_.front();
  return Await(postgres, [&] { return database_.IsReady(postgres.process->pid()); });
}

absl::Status DevFleet::AwaitScheduler() {
  const ClientOptions once{.connect_timeout = absl::Milliseconds(200),
                           .call_timeout = absl::Seconds(1),
                           .retry_for = absl::ZeroDuration()};
  return Await(members_[1], [&] {
    const auto client = Client::Connect(options_.address, once, session_.interrupt);
    return client.ok() && (*client)->CheckHealth().value_or("") == "SERVING";
  });
}

absl::Status DevFleet::AwaitWorkers() {
  if (options_.workers == 0) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(const auto client,
                      Client::Connect(options_.address, session_.client, session_.interrupt));
  return Await(members_.back(), [&] {
    const auto stats = client->GetStats();
    return stats.ok() && stats->workers() >= options_.workers;
  });
}

absl::Status DevFleet::Start() {
  DQ_RETURN_IF_ERROR(Launch(members_[0]));
  DQ_RETURN_IF_ERROR(AwaitDatabase());
  DQ_RETURN_IF_ERROR(Launch(members_[1]));
  DQ_RETURN_IF_ERROR(AwaitScheduler());
  for (size_t i = 2; i < members_.size(); ++i) DQ_RETURN_IF_ERROR(Launch(members_[i]));
  return AwaitWorkers();
}

bool DevFleet::Mend() {
  bool mended = false;
  for (Member& member : members_) {
    const auto end = member.process ? member.process->Poll() : ChildEnd{};
    if (!end || absl::Now() - member.started < kRestartPause) continue;
    session_.console.err << "dev: " << member.name << " ended with " << end->Text()
                         << ", starting it again" << std::endl;
    member.process.reset();
    if (const absl::Status status = Launch(member); !status.ok()) {
      PrintError(session_.console, status);
    }
    mended = true;
  }
  return mended;
}

void DevFleet::Stop() {
  for (size_t i = 2; i < members_.size(); ++i) {
    if (members_[i].process) members_[i].process->Signal(members_[i].stop_signal);
  }
  for (auto member = members_.rbegin(); member != members_.rend(); ++member) {
    if (!member->process) continue;
    member->process->Stop(member->stop_signal, member->grace);
    member->process.reset();
  }
}

std::string DevFleet::StateJson() const {
  google::protobuf::Struct state;
  auto& fields = *state.mutable_fields();
  fields["address"].set_string_value(options_.address);
  fields["data_dir"].set_string_value(folder_.path());
  fields["database"].set_string_value(database_.ConnectionText());
  auto& processes = *fields["processes"].mutable_struct_value()->mutable_fields();
  for (const Member& member : members_) {
    if (member.process) processes[member.name].set_number_value(member.process->pid());
  }
  return ToJson(state, OutputFormat::kJson) + "\n";
}

}  // namespace dq::dqctl
