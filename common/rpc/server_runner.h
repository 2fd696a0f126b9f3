// A running gRPC server: limits, keepalive, grpc.health.v1 and reflection, over services that the
// caller owns. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace dq {

// A service with its full name, for example v1::JobService::service_full_name().
struct NamedService {
  std::string name;
  grpc::Service* service = nullptr;
};

class ServerRunner {
 public:
  // Listens on `address` ("host:port"; port 0: the system chooses) and serves `services`, which
  // outlive the runner. Health says NOT_SERVING until SetServing(true). ALREADY_EXISTS
  // (PORT_IN_USE), INVALID_ARGUMENT (ADDRESS_INVALID), or LISTEN_FAILED.
  static absl::StatusOr<std::unique_ptr<ServerRunner>> Start(
      const std::string& address, const std::vector<NamedService>& services);
  // Shuts down without grace.
  ~ServerRunner();
  ServerRunner(const ServerRunner&) = delete;
  ServerRunner& operator=(const ServerRunner&) = delete;

  // Returns the port listened on.
  int port() const { return port_; }
  // Sets what grpc.health.v1 answers, for the server as a whole and for every service.
  void SetServing(bool serving);
  // Says NOT_SERVING for ever, accepts no new calls, waits up to `grace` for those in progress,
  // cancels the rest and waits for their reactions to end. Afterwards no service is called any
  // more. Calling it again is harmless.
  void Shutdown(absl::Duration grace);

 private:
  ServerRunner(std::unique_ptr<grpc::Server> server, int port,
               const std::vector<NamedService>& services);

  const std::unique_ptr<grpc::Server> server_;
  const int port_;
};

}  // namespace dq
