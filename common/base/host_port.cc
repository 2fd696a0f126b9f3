#include "common/base/host_port.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"

namespace dq {
namespace {

constexpr int kPortMax = 65535;

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::Status InvalidAddress(const std::string& text, const std::string& why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "ADDRESS_INVALID",
                   "'" + text + "' is not an address: " + why, {{"address", text}});
}

std::string Join(const HostPort& address) {
  return address.host + ":" + std::to_string(address.port);
}

absl::StatusOr<AddressList> LookUp(const HostPort& address, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int error = getaddrinfo(host, std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return InvalidAddress(Join(address), gai_strerror(error));
  return AddressList(found, &freeaddrinfo);
}

std::string Numeric(const addrinfo& entry) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  const int flags = NI_NUMERICHOST | NI_NUMERICSERV;
  if (getnameinfo(entry.ai_addr, entry.ai_addrlen, host, sizeof host, port, sizeof port, flags)) {
    return "";
  }
  const std::string text = entry.ai_family == AF_INET6 ? "[" + std::string(host) + "]" : host;
  return text + ":" + port;
}

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return InvalidAddress(text, "write host:port");
  HostPort parsed;
  parsed.host = text.substr(0, colon);
  const bool bracketed =
      parsed.host.size() >= 2 && parsed.host.front() == '[' && parsed.host.back() == ']';
  if (bracketed) parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  if (!bracketed && parsed.host.find(':') != std::string::npos) {
    return InvalidAddress(text, "put an IPv6 host in brackets");
  }
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, parsed.port);
  if (error != std::errc() || stop != end || parsed.port < 0 || parsed.port > kPortMax) {
    return InvalidAddress(text, "the port is a number from 0 to 65535");
  }
  return parsed;
}

absl::StatusOr<std::vector<std::string>> Resolve(const HostPort& address) {
  DQ_ASSIGN_OR_RETURN(const AddressList list, LookUp(address, 0));
  std::vector<std::string> resolved;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    if (std::string text = Numeric(*entry); !text.empty()) resolved.push_back(std::move(text));
  }
  if (resolved.empty()) return InvalidAddress(Join(address), "the name has no address");
  return resolved;
}

absl::Status ProbeListen(const HostPort& address) {
  DQ_ASSIGN_OR_RETURN(const AddressList list, LookUp(address, AI_PASSIVE));
  const std::string what = "cannot listen on " + Join(address);
  const UniqueFd socket(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(socket.get(), list->ai_addr, list->ai_addrlen) == 0 && listen(socket.get(), 1) == 0) {
    return absl::OkStatus();
  }
  if (errno != EADDRINUSE) return ErrnoError(errno, "LISTEN_FAILED", what);
  return MakeError(absl::StatusCode::kAlreadyExists, "PORT_IN_USE",
                   what + ": the port is in use; stop the other process or choose another port",
                   {{"address", Join(address)}});
}

}  // namespace dq
