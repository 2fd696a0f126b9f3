#include "scheduler/core/address_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr int kIpv4Offset = 12;
constexpr IpAddress kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

// IANA's special-purpose IPv4 blocks, and public addresses at which clouds answer from inside:
// 168.63.129.16 their machines, 34.118.224.0/20 the services of a cluster by default.
constexpr std::string_view kRefusedIpv4[] = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",      "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24",   "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "168.63.129.16/32", "34.118.224.0/20",
    "224.0.0.0/4",   "240.0.0.0/4",
};
// Of IPv6 only global unicast is public, but for these: protocol assignments (Teredo among them)
// and documentation.
constexpr std::string_view kPublicIpv6 = "2000::/3";
constexpr std::string_view kRefusedIpv6[] = {"2001::/23", "2001:db8::/32", "3fff::/20"};

// Blocks of addresses that stand for an IPv4 address, and where in them it is.
struct Embedding {
  std::string_view block;
  size_t offset;
};
constexpr Embedding kEmbeddings[] = {{"64:ff9b::/96", 12}, {"2002::/16", 2}};

absl::Status Invalid(const std::string& text, const char* wanted) {
  return MakeError(absl::StatusCode::kInvalidArgument, "ADDRESS_INVALID",
                   "'" + text + "' is not " + wanted);
}

bool IsIpv4(const IpAddress& address) {
  return std::memcmp(address.data(), kMapped.data(), kIpv4Offset) == 0;
}

bool Contains(const AddressBlock& block, const IpAddress& address) {
  int left = block.bits;
  for (size_t i = 0; left > 0; ++i, left -= 8) {
    const int unused = left >= 8 ? 0 : 8 - left;
    if (((block.first[i] ^ address[i]) >> unused) != 0) return false;
  }
  return true;
}

AddressBlock Known(std::string_view text) { return *ParseAddressBlock(std::string(text)); }

template <typename Texts>
std::vector<AddressBlock> Blocks(const Texts& texts) {
  std::vector<AddressBlock> blocks;
  for (const std::string_view text : texts) blocks.push_back(Known(text));
  return blocks;
}

bool ContainsAny(const std::vector<AddressBlock>& blocks, const IpAddress& address) {
  return std::ranges::any_of(blocks,
                             [&](const AddressBlock& block) { return Contains(block, address); });
}

// Returns the IPv4 address that `address` stands for, or itself.
IpAddress Unwrapped(const IpAddress& address) {
  static const std::array<AddressBlock, 2> blocks = {Known(kEmbeddings[0].block),
                                                     Known(kEmbeddings[1].block)};
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (!Contains(blocks[i], address)) continue;
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), address.data() + kEmbeddings[i].offset, bytes.size());
    return FromIpv4(bytes);
  }
  return address;
}

bool IsPublic(const IpAddress& address) {
  static const std::vector<AddressBlock> refused_ipv4 = Blocks(kRefusedIpv4);
  static const std::vector<AddressBlock> refused_ipv6 = Blocks(kRefusedIpv6);
  static const AddressBlock public_ipv6 = Known(kPublicIpv6);
  if (IsIpv4(address)) return !ContainsAny(refused_ipv4, address);
  return Contains(public_ipv6, address) && !ContainsAny(refused_ipv6, address);
}

}  // namespace

IpAddress FromIpv4(const std::array<uint8_t, 4>& bytes) {
  IpAddress address = kMapped;
  std::memcpy(address.data() + kIpv4Offset, bytes.data(), bytes.size());
  return address;
}

absl::StatusOr<IpAddress> ParseIpAddress(const std::string& text) {
  std::array<uint8_t, 4> ipv4{};
  if (inet_pton(AF_INET, text.c_str(), ipv4.data()) == 1) return FromIpv4(ipv4);
  IpAddress ipv6{};
  if (inet_pton(AF_INET6, text.c_str(), ipv6.data()) == 1) return ipv6;
  return Invalid(text, "an IP address");
}

absl::StatusOr<AddressBlock> ParseAddressBlock(const std::string& text) {
  const size_t slash = text.find('/');
  AddressBlock block;
  const auto first = ParseIpAddress(text.substr(0, slash));
  if (!first.ok()) return Invalid(text, "a block of IP addresses such as 10.1.0.0/16");
  block.first = *first;
  if (slash == std::string::npos) return block;
  const bool is_ipv4 = text.find(':') == std::string::npos;
  const char* const end = text.data() + text.size();
  int bits = -1;
  const auto read = std::from_chars(text.data() + slash + 1, end, bits);
  if (read.ec != std::errc() || read.ptr != end || bits < 0 || bits > (is_ipv4 ? 32 : 128)) {
    return Invalid(text, "a block of IP addresses such as 10.1.0.0/16");
  }
  block.bits = is_ipv4 ? 8 * kIpv4Offset + bits : bits;
  return block;
}

bool AddressGuard::Allows(const IpAddress& address) const {
  const IpAddress meant = Unwrapped(address);
  if (ContainsAny(refused_, meant) || ContainsAny(refused_, address)) return false;
  return IsPublic(meant) || ContainsAny(allowed_, meant) || ContainsAny(allowed_, address);
}

}  // namespace dq
