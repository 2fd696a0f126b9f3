#include "common/telemetry/admin_server.h"

#include <httplib.h>

#include <utility>

#include "common/base/error.h"
#include "common/base/host_port.h"
#include "common/base/status_macros.h"
#include "common/telemetry/metric_registry.h"

namespace dq {
namespace {

constexpr size_t kThreads = 16;  // A connection occupies one for as long as it is open.
constexpr size_t kRequestsPerConnectionMax = 100;
constexpr size_t kPayloadBytesMax = 4096;
constexpr time_t kIdleTimeoutSeconds = 5;
constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

void SetLimits(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(kRequestsPerConnectionMax);
  server.set_keep_alive_timeout(kIdleTimeoutSeconds);
  server.set_read_timeout(kIdleTimeoutSeconds);
  server.set_write_timeout(kIdleTimeoutSeconds);
  server.set_payload_max_length(kPayloadBytesMax);
  server.set_tcp_nodelay(true);
  server.set_socket_options([](socket_t socket) {  // Its default lets two servers share a port.
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
}

void AddRoutes(httplib::Server& server, const MetricRegistry& registry,
               std::function<absl::Status()> readiness) {
  server.Get("/metrics", [&registry](const httplib::Request&, httplib::Response& response) {
    response.set_content(registry.Text(), kMetricsText);
  });
  server.Get("/livez", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", kText);
  });
  server.Get("/readyz", [readiness = std::move(readiness)](const httplib::Request&,
                                                           httplib::Response& response) {
    const absl::Status ready = readiness();
    response.status = ready.ok() ? 200 : 503;
    response.set_content(ready.ok() ? "ok\n" : MessageOf(ready) + "\n", kText);
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(
    const std::string& address, const MetricRegistry& registry,
    std::function<absl::Status()> readiness) {
  DQ_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(address));
  DQ_RETURN_IF_ERROR(ProbeListen(parsed));  // The library itself does not say what went wrong.
  auto server = std::make_unique<httplib::Server>();
  SetLimits(*server);
  AddRoutes(*server, registry, std::move(readiness));
  int port = parsed.port;
  if (port == 0) {
    port = server->bind_to_any_port(parsed.host);
  } else if (!server->bind_to_port(parsed.host, port)) {
    port = -1;
  }
  if (port < 0) {
    return MakeError(absl::StatusCode::kUnavailable, "LISTEN_FAILED",
                     "cannot listen on " + address + "; choose another address");
  }
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(server), port));
}

AdminServer::AdminServer(std::unique_ptr<httplib::Server> server, int port)
    : server_(std::move(server)), port_(port), thread_([this] { server_->listen_after_bind(); }) {
  while (!server_->is_running()) std::this_thread::yield();  // stop() has no effect before.
}

AdminServer::~AdminServer() {
  server_->stop();
  thread_.join();
}

}  // namespace dq
