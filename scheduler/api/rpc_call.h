// One call in progress, whatever its shape: who calls, since when, about what. Measures and logs
// its end. Not thread-safe; End() is called once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "scheduler/api/api_ports.h"

namespace dq {

class RpcCall {
 public:
  // `method` is a literal, for example "JobService/CreateJob".
  RpcCall(const ApiPorts& ports, const grpc::CallbackServerContext& context,
          std::string_view method);

  // Returns who calls: the metadata x-dq-user, else the peer's address without its port. Not
  // authenticated.
  const std::string& caller() const { return caller_; }
  // Names what a mutating call is about; such a call is logged when it ends.
  void set_subject(std::string subject) { subject_ = std::move(subject); }
  // Adds an audit event of what the caller asks for of the subject, for example "delete_file":
  // before it is done, so that nothing is done without one. Blocks.
  absl::Status Audit(const char* action) const;
  // Records the end and returns what to send.
  grpc::Status End(const absl::Status& status);

 private:
  const ApiPorts& ports_;
  const std::string_view method_;
  const absl::Time start_;
  const std::string caller_;
  std::string subject_;
};

// A unary call that is answered later, from any thread. Answered exactly once.
class UnaryCall : public RpcCall, public std::enable_shared_from_this<UnaryCall> {
 public:
  static std::shared_ptr<UnaryCall> Begin(const ApiPorts& ports,
                                          grpc::CallbackServerContext* context,
                                          std::string_view method);

  // Returns what the service's method returns to gRPC.
  grpc::ServerUnaryReactor* reactor() { return reactor_; }
  // Answers. Request and response may be gone afterwards.
  void Finish(const absl::Status& status) { reactor_->Finish(End(status)); }
  // Runs `work`, which answers, where it may block; answers RESOURCE_EXHAUSTED (QUEUE_FULL) itself
  // when too much waits already.
  void RunBlocking(std::function<void()> work);

 private:
  UnaryCall(const ApiPorts& ports, grpc::CallbackServerContext* context, std::string_view method);

  Executor& blocking_;
  grpc::ServerUnaryReactor* const reactor_;
};

// Answers a unary call with what `work` returns, run where it may block.
grpc::ServerUnaryReactor* AnswerBlocking(const ApiPorts& ports,
                                         grpc::CallbackServerContext* context,
                                         std::string_view method,
                                         std::function<absl::Status(RpcCall&)> work);

// The answer when the executor takes no more.
absl::Status TooMuchWaits();

}  // namespace dq
