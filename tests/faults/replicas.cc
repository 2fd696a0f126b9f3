#include "tests/faults/replicas.h"

#include <condition_variable>
#include <mutex>
#include <sstream>
#include <utility>

namespace dq::faults {
namespace {

constexpr std::chrono::milliseconds kRetryWait{50};

bool IsTransient(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

// A channel that notices a silent peer and comes back quickly.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2'000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

void Rest(std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock<std::mutex> lock(mutex);
  never.wait_for(lock, duration, [] { return false; });
}

Replicas::Replicas(const std::vector<std::string>& addresses, std::function<void()> on_dropped)
    : on_dropped_(std::move(on_dropped)) {
  for (const std::string& address : addresses) channels_.push_back(OpenChannel(address));
}

void Replicas::LeaveFor(const std::shared_ptr<grpc::Channel>& channel) {
  for (size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i] != channel) continue;
    size_t expected = i;
    current_.compare_exchange_strong(expected, (i + 1) % channels_.size());
    return;
  }
}

grpc::Status Replicas::Insist(
    const std::function<grpc::Status(const std::shared_ptr<grpc::Channel>&, grpc::ClientContext&)>&
        call) {
  while (true) {
    const std::shared_ptr<grpc::Channel> used = channel();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    const grpc::Status status = call(used, context);
    if (!IsTransient(status)) return status;
    if (status.error_code() == grpc::StatusCode::CANCELLED) on_dropped_();
    if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) LeaveFor(used);
    Rest(kRetryWait);
  }
}

std::vector<std::string> SplitAddresses(const std::string& text) {
  std::vector<std::string> addresses;
  std::istringstream stream(text);
  for (std::string address; std::getline(stream, address, ',');) addresses.push_back(address);
  return addresses;
}

}  // namespace dq::faults
