#include "common/rpc/client_channel.h"

#include <arpa/inet.h>

#include <sstream>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/host_port.h"
#include "common/base/status_macros.h"
#include "common/rpc/connection_limits.h"
#include "common/rpc/quiet_mutexes.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace dq {
namespace {

constexpr int kReconnectFirstMs = 100;
constexpr int kReconnectMaxMs = 1000;
constexpr int kConnectTimeoutMs = 1000;
// Sends calls only to replicas that say they are SERVING.
constexpr char kServingOnly[] =
    R"({"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}})";

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

grpc::ChannelArguments BaseArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectFirstMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetMaxReceiveMessageSize(kResponseBytesMax);
  arguments.SetMaxSendMessageSize(kRequestBytesMax);
  return arguments;
}

// A name may stand for several replicas, of which one leads.
bool IsName(const HostPort& address) {
  in6_addr numeric;
  return inet_pton(AF_INET, address.host.c_str(), &numeric) != 1 &&
         inet_pton(AF_INET6, address.host.c_str(), &numeric) != 1;
}

// Returns a target that lists the numeric addresses of all of `parts`.
absl::StatusOr<std::string> ListTarget(const std::vector<std::string>& parts) {
  std::string v4;
  std::string v6;
  for (const std::string& part : parts) {
    DQ_ASSIGN_OR_RETURN(const HostPort address, ParseHostPort(part));
    DQ_ASSIGN_OR_RETURN(const std::vector<std::string> resolved, Resolve(address));
    for (const std::string& numeric : resolved) {
      std::string& list = numeric.front() == '[' ? v6 : v4;
      list += (list.empty() ? "" : ",") + numeric;
    }
  }
  return v4.empty() ? "ipv6:" + v6 : "ipv4:" + v4;  // A target holds one family only.
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeClientChannel(const std::string& addresses) {
  QuietMutexes();
  const std::vector<std::string> parts = SplitAtCommas(addresses);
  if (parts.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "ADDRESS_INVALID",
                     "no scheduler address is given; write host:port");
  }
  grpc::ChannelArguments arguments = BaseArguments();
  if (parts.size() > 1) {
    DQ_ASSIGN_OR_RETURN(const std::string target, ListTarget(parts));
    arguments.SetServiceConfigJSON(kServingOnly);
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  }
  DQ_ASSIGN_OR_RETURN(const HostPort address, ParseHostPort(parts.front()));
  if (IsName(address)) arguments.SetServiceConfigJSON(kServingOnly);
  return grpc::CreateCustomChannel("dns:///" + parts.front(), grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace dq
