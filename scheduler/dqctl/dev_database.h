// The private PostgreSQL of `dqctl dev`: its cluster on disk and how to start it. It listens on a
// Unix socket in a folder that only its own account and root can enter, on no network port. Not
// thread-safe.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "scheduler/dqctl/child_process.h"
#include "scheduler/dqctl/dev_folder.h"

namespace dq::dqctl {

class DevDatabase {
 public:
  // Finds PostgreSQL and makes the cluster on first use; a cluster that is there is kept. As root,
  // which PostgreSQL refuses to run as, the account is `postgres`, and when that may not enter the
  // data folder, or its path is too long for a socket, the cluster is under /var/lib/dq-dev.
  // Errors: POSTGRES_NOT_INSTALLED, DATA_DIR_UNSUITABLE, INITDB_FAILED.
  static absl::StatusOr<DevDatabase> Prepare(const DevFolder& folder);

  // Returns how to start the server as a direct child; its output goes to `log_fd`. SIGINT stops it
  // in an orderly way.
  ChildOptions Child(int log_fd) const;

  // Whether the server with process id `pid` accepts connections.
  bool IsReady(pid_t pid) const;

  // Returns what libpq needs to connect.
  std::string ConnectionText() const;
  // Returns the folder of the cluster and the socket.
  const std::string& path() const { return path_; }

 private:
  DevDatabase(std::string programs, std::string path, std::optional<Account> account);
  absl::Status MakeCluster(const DevFolder& folder) const;

  std::string programs_;
  std::string path_;
  std::optional<Account> account_;
};

}  // namespace dq::dqctl
