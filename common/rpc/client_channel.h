// Makes the channels that dq's own clients use: workers and the command line. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"

namespace dq {

// Makes a channel to `addresses`: "host:port", or several separated by commas. With several, and
// with a host name, which may have several addresses, calls go to those replicas whose
// grpc.health.v1 status is SERVING, that is to the leader; only a numeric address alone is taken as
// it is. A name alone is resolved again whenever a connection is lost, those of a list once, here.
// A peer that stops answering is noticed after about two seconds,
// also without a call in progress. Does not connect. INVALID_ARGUMENT (ADDRESS_INVALID) when an
// address is not host:port or does not resolve.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeClientChannel(const std::string& addresses);

}  // namespace dq
