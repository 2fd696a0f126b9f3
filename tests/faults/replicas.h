// The schedulers a client may ask: calls go to the one that answered last and move on when it does
// not serve. Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dq::faults {

// How long one call may take before the next replica is asked.
inline constexpr std::chrono::seconds kCallTimeout{4};

// Waits `duration`: a client between two tries, not a test for a condition.
void Rest(std::chrono::milliseconds duration);

class Replicas {
 public:
  explicit Replicas(
      const std::vector<std::string>& addresses, std::function<void()> on_dropped = [] {});

  const std::shared_ptr<grpc::Channel>& channel() const { return channels_[current_.load()]; }
  // Moves from `channel` to the next one, unless another thread did.
  void LeaveFor(const std::shared_ptr<grpc::Channel>& channel);

  // Calls until the answer is neither UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED nor
  // CANCELLED: gRPC says that of calls which reached a server as it closed and were handed to
  // nobody. Those are told to `on_dropped`.
  grpc::Status Insist(const std::function<grpc::Status(const std::shared_ptr<grpc::Channel>&,
                                                       grpc::ClientContext&)>& call);

 private:
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  const std::function<void()> on_dropped_;
  std::atomic<size_t> current_ = 0;
};

// Splits "a,b".
std::vector<std::string> SplitAddresses(const std::string& text);

}  // namespace dq::faults
