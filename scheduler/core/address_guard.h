// Says which addresses the scheduler may connect to when a user names the place: no loopback, none
// of private networks or of cloud metadata services, in whatever notation, unless an operator
// allows them. What lies inside at public addresses, such as those of its own machine or of
// services of a cluster, only the operator knows, who refuses them. Pure; immutable and
// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace dq {

// An IPv6 address in network order; an IPv4 address as ::ffff:a.b.c.d.
using IpAddress = std::array<uint8_t, 16>;

// Returns the address of "192.0.2.1" or "2001:db8::1"; INVALID_ARGUMENT (ADDRESS_INVALID).
absl::StatusOr<IpAddress> ParseIpAddress(const std::string& text);
// Returns that of four bytes in network order.
IpAddress FromIpv4(const std::array<uint8_t, 4>& bytes);

// Addresses with the same first `bits` of 128.
struct AddressBlock {
  IpAddress first{};
  int bits = 128;
};

// Returns the block of "10.1.0.0/16" or "fd00::/8", or of one address; INVALID_ARGUMENT
// (ADDRESS_INVALID).
absl::StatusOr<AddressBlock> ParseAddressBlock(const std::string& text);

class AddressGuard {
 public:
  // `allowed` are blocks of addresses that are allowed although they are not public, `refused`
  // those that are not, whatever else is said.
  explicit AddressGuard(std::vector<AddressBlock> allowed, std::vector<AddressBlock> refused = {})
      : allowed_(std::move(allowed)), refused_(std::move(refused)) {}

  // Returns whether `address` may be connected to. An IPv6 address that stands for an IPv4 address
  // (mapped, NAT64, 6to4) is judged by that one.
  bool Allows(const IpAddress& address) const;

 private:
  std::vector<AddressBlock> allowed_;
  std::vector<AddressBlock> refused_;
};

}  // namespace dq
