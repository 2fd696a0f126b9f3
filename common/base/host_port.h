// "host:port" texts and their resolution by the system. Resolving may block on DNS. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dq {

// A network address in two parts.
struct HostPort {
  std::string host;  // A name, an IPv4 or an IPv6 literal without brackets; empty: any.
  int port = 0;      // 0 … 65535.
};

// Splits "host:port" or "[v6]:port". INVALID_ARGUMENT (ADDRESS_INVALID).
absl::StatusOr<HostPort> ParseHostPort(const std::string& text);

// Returns the numeric addresses of `address` in the form "1.2.3.4:5" or "[::1]:5", at least one.
// INVALID_ARGUMENT (ADDRESS_INVALID) when the name is unknown.
absl::StatusOr<std::vector<std::string>> Resolve(const HostPort& address);

// Tells why a listener on `address` cannot be had: binds a socket for a moment and returns its
// error, ALREADY_EXISTS (PORT_IN_USE) or another code with LISTEN_FAILED. OK when it works.
absl::Status ProbeListen(const HostPort& address);

}  // namespace dq
