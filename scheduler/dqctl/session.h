// What every command gets besides its own options. Owned by main (or a test); outlives the command.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "scheduler/dqctl/client.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/config.h"
#include "scheduler/dqctl/console.h"
#include "scheduler/dqctl/interrupt.h"
#include "scheduler/dqctl/watch.h"

namespace dq::dqctl {

struct Session {
  Connection connection;
  Console& console;
  Interrupt& interrupt;
  ClientOptions client;
  WatchOptions watch;
  std::string program_folder;  // Where dqctl is: its sister programs are beside it or on PATH.
  Environment environment;
};

// Connects to the session's scheduler.
inline absl::StatusOr<std::unique_ptr<Client>> Connect(Session& session) {
  return Client::Connect(session.connection.address, session.client, session.interrupt);
}

}  // namespace dq::dqctl
