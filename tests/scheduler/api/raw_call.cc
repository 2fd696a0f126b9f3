#include "tests/scheduler/api/raw_call.h"

#include <grpcpp/generic/generic_stub.h>

#include "absl/time/clock.h"

namespace dq {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  (void)buffer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& part : slices) {
    bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return bytes;
}

}  // namespace

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& messages, absl::Duration deadline,
                  size_t answers_max) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto await = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  bool open = await();
  for (const std::string& message : messages) {
    if (!open) break;
    const grpc::Slice slice(message);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    open = await();
  }
  if (open) {
    call->WritesDone(nullptr);
    (void)await();
  }
  RawAnswer answer;
  while (answer.messages.size() < answers_max) {
    grpc::ByteBuffer bytes;
    call->Read(&bytes, nullptr);
    if (!await()) break;
    answer.messages.push_back(BytesOf(bytes));
  }
  if (answer.messages.size() == answers_max) context.TryCancel();
  call->Finish(&answer.status, nullptr);
  (void)await();
  queue.Shutdown();
  return answer;
}

}  // namespace dq
