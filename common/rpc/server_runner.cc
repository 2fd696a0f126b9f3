#include "common/rpc/server_runner.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/base/error.h"
#include "common/base/host_port.h"
#include "common/base/status_macros.h"
#include "common/rpc/connection_limits.h"
#include "common/rpc/quiet_mutexes.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace dq {
namespace {

// Prepares what is global to the process, once.
void PrepareProcess() {
  static const bool kPrepared = [] {
    QuietMutexes();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // Keeps the descriptor linked: reflection could not describe Health without it.
    return grpc::health::v1::HealthCheckRequest::descriptor() != nullptr;
  }();
  (void)kPrepared;
}

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kRequestBytesMax);
  builder.SetMaxSendMessageSize(kResponseBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // Else two servers share a port.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMinMs);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerRunner>> ServerRunner::Start(
    const std::string& address, const std::vector<NamedService>& services) {
  DQ_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(address));
  DQ_RETURN_IF_ERROR(ProbeListen(parsed));  // gRPC itself only says that it failed, not why.
  PrepareProcess();
  grpc::ServerBuilder builder;
  SetLimits(builder);
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  for (const NamedService& named : services) builder.RegisterService(named.service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return MakeError(absl::StatusCode::kUnavailable, "LISTEN_FAILED",
                     "cannot listen on " + address + "; choose another address");
  }
  return std::unique_ptr<ServerRunner>(new ServerRunner(std::move(server), port, services));
}

ServerRunner::ServerRunner(std::unique_ptr<grpc::Server> server, int port,
                           const std::vector<NamedService>& services)
    : server_(std::move(server)), port_(port) {
  SetServing(false);
  for (const NamedService& named : services) {  // gRPC knows the server as a whole only.
    server_->GetHealthCheckService()->SetServingStatus(named.name, false);
  }
}

ServerRunner::~ServerRunner() { Shutdown(absl::ZeroDuration()); }

void ServerRunner::SetServing(bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(serving);
}

void ServerRunner::Shutdown(absl::Duration grace) {
  server_->GetHealthCheckService()->Shutdown();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  server_->Wait();
}

}  // namespace dq
