// The operator's HTTP port of a process: /metrics, /livez and /readyz. No authentication: bind it
// to the loopback or to a network of the cluster's own. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace httplib {
class Server;
}  // namespace httplib

namespace dq {

class MetricRegistry;

class AdminServer {
 public:
  // Listens on `address` ("host:port"; port 0: the system chooses). `registry` outlives the server.
  // `readiness` is called by several threads, must not block, and says why the process is not
  // ready. /livez is always 200; /readyz 200 or 503 with that reason. ALREADY_EXISTS (PORT_IN_USE),
  // INVALID_ARGUMENT (ADDRESS_INVALID), or LISTEN_FAILED.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(
      const std::string& address, const MetricRegistry& registry,
      std::function<absl::Status()> readiness);
  // Stops listening and waits for the requests in progress.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Returns the port listened on.
  int port() const { return port_; }

 private:
  AdminServer(std::unique_ptr<httplib::Server> server, int port);

  const std::unique_ptr<httplib::Server> server_;
  const int port_;
  std::thread thread_;
};

}  // namespace dq
