// A PostgreSQL of a test's own: initdb in a temporary folder, the server as a direct child of this
// process on a Unix socket in that folder, so that tests never meet each other or a real database.
// The server dies with the thread that started it (PDEATHSIG), the folder with this object.
// Not thread-safe: one per test binary, driven from the main thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dq {

class PrivatePostgres {
 public:
  // Creates the cluster and starts the server (about 0.6 s). `settings` are "name=value" for the
  // server beside fsync=off; commits survive Kill9() all the same, since the machine stays up.
  static absl::StatusOr<std::unique_ptr<PrivatePostgres>> Start(
      const std::vector<std::string>& settings = {});
  // Kills the server and removes its folder.
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  // Creates the database that CreateDatabase() copies and runs `prepare` on it, given its
  // connection string. At most once; without it databases start empty.
  absl::Status PrepareTemplate(
      const std::function<absl::Status(const std::string& conninfo)>& prepare);
  // Creates a new database (about 50 ms) and returns its connection string.
  absl::StatusOr<std::string> CreateDatabase();

  // Kills the server with all its processes, as a power cut would, and waits for it; connections
  // break.
  void Kill9();
  // Starts it again after Kill9() and returns once it accepts connections.
  absl::Status Restart();

  // The server's process; stop it with SIGSTOP to simulate a hang.
  pid_t pid() const { return pid_; }
  // Everything the server logged so far.
  std::string Log() const;

 private:
  explicit PrivatePostgres(std::string folder, std::vector<std::string> settings);
  absl::Status InitCluster();
  std::string ConnectionString(const std::string& database) const;
  absl::Status Execute(const std::string& sql) const;
  bool AcceptsConnections();
  std::string LogPath() const { return folder_ + "/server.log"; }

  const std::string folder_;
  const std::vector<std::string> settings_;
  pid_t pid_ = -1;  // -1: not running.
  std::string template_ = "template1";
  int databases_ = 0;
};

}  // namespace dq
