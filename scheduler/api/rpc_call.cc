#include "scheduler/api/rpc_call.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/rpc/status_mapping.h"
#include "common/rpc/utf8.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr char kCallerKey[] = "x-dq-user";
constexpr size_t kCallerBytesMax = 128;

std::string CallerOf(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  if (const auto found = metadata.find(kCallerKey); found != metadata.end()) {
    std::string name = ValidUtf8({found->second.data(), found->second.size()}, kCallerBytesMax);
    if (!name.empty() && IsPlainText(name, kCallerBytesMax)) return name;
  }
  const std::string peer = ValidUtf8(context.peer(), kCallerBytesMax);
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace

RpcCall::RpcCall(const ApiPorts& ports, const grpc::CallbackServerContext& context,
                 std::string_view method)
    : ports_(ports), method_(method), start_(ports.clock.Boot()), caller_(CallerOf(context)) {}

absl::Status RpcCall::Audit(const char* action) const {
  return ports_.operators.AddEvent({action, subject_, {}}, {caller_, "", ports_.clock.Now()});
}

grpc::Status RpcCall::End(const absl::Status& status) {
  const std::string code = absl::StatusCodeToString(status.code());
  ports_.metrics.RpcFinished(method_, code, ports_.clock.Boot() - start_);
  if (!subject_.empty() && IsLogged(LogLevel::kInfo)) {
    Log(LogLevel::kInfo, "rpc",
        {{"method", method_},
         {"subject", subject_},
         {"caller", caller_},
         {"code", code},
         {"reason", ReasonOf(status)}});
  }
  return ToGrpcStatus(status);
}

std::shared_ptr<UnaryCall> UnaryCall::Begin(const ApiPorts& ports,
                                            grpc::CallbackServerContext* context,
                                            std::string_view method) {
  return std::shared_ptr<UnaryCall>(new UnaryCall(ports, context, method));
}

UnaryCall::UnaryCall(const ApiPorts& ports, grpc::CallbackServerContext* context,
                     std::string_view method)
    : RpcCall(ports, *context, method),
      blocking_(ports.blocking),
      reactor_(context->DefaultReactor()) {}

void UnaryCall::RunBlocking(std::function<void()> work) {
  if (!blocking_.Submit(std::move(work))) Finish(TooMuchWaits());
}

grpc::ServerUnaryReactor* AnswerBlocking(const ApiPorts& ports,
                                         grpc::CallbackServerContext* context,
                                         std::string_view method,
                                         std::function<absl::Status(RpcCall&)> work) {
  auto call = UnaryCall::Begin(ports, context, method);
  call->RunBlocking([call, work = std::move(work)] { call->Finish(work(*call)); });
  return call->reactor();
}

absl::Status TooMuchWaits() {
  return MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                   "too many calls wait for database or disk; try again");
}

}  // namespace dq
