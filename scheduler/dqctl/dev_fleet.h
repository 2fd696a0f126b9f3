// The processes of `dqctl dev`: PostgreSQL, one scheduler, N workers. Starts them in order, starts
// again what dies, stops them in the opposite order. Used from the main thread only: a child dies
// with the thread that started it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/dqctl/child_process.h"
#include "scheduler/dqctl/dev_database.h"
#include "scheduler/dqctl/dev_folder.h"
#include "scheduler/dqctl/session.h"

namespace dq::dqctl {

struct FleetOptions {
  std::string scheduler_program;
  std::string worker_program;
  std::string address;  // "host:port" of the scheduler, the port not 0.
  int workers = 2;
  int slots = 2;
};

class DevFleet {
 public:
  // All references outlive the fleet.
  DevFleet(const FleetOptions& options, const DevFolder& folder, const DevDatabase& database,
           Session& session);
  // Kills whatever Stop() has not stopped.
  ~DevFleet() = default;
  DevFleet(const DevFleet&) = delete;
  DevFleet& operator=(const DevFleet&) = delete;

  // Starts everything and returns once every worker is connected. START_FAILED with the end of the
  // log of the process that did not come up; INTERRUPTED.
  absl::Status Start();

  // Starts again every process that has ended, with a line on stderr. Returns whether there was
  // one. A process that keeps dying is started at most once a second.
  bool Mend();

  // Stops the workers, the scheduler, PostgreSQL, each with time to finish.
  void Stop();

  // Returns the state of the fleet as JSON: address, data folder, process ids by name.
  std::string StateJson() const;

 private:
  struct Member {
    std::string name;
    std::vector<std::string> command;  // Empty for PostgreSQL, which the database describes.
    int stop_signal = SIGTERM;
    absl::Duration grace;
    std::optional<ChildProcess> process;
    absl::Time started = absl::InfinitePast();
  };

  absl::Status Launch(Member& member);
  absl::Status AwaitDatabase();
  absl::Status AwaitScheduler();
  absl::Status AwaitWorkers();
  // Polls `ready` until it is true, the member dies, or the start takes too long.
  absl::Status Await(Member& member, const std::function<bool()>& ready);
  absl::Status StartFailed(const Member& member, const std::string& why) const;

  const FleetOptions& options_;
  const DevFolder& folder_;
  const DevDatabase& database_;
  Session& session_;
  std::vector<Member> members_;  // In the order of the start.
};

}  // namespace dq::dqctl
