#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "tests/scheduler/api/api_server.h"

namespace dq {
namespace {

constexpr char kMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// Sends one request to the server's reflection and returns the bytes of the answer.
std::string AskReflection(ApiServer& server, const std::string& request) {
  grpc::GenericStub stub(server.channel());
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, kMethod, &queue);
  void* tag = nullptr;
  bool ok = false;
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  const grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  queue.Next(&tag, &ok);
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  queue.Shutdown();
  std::vector<grpc::Slice> slices;
  (void)answer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& part : slices) {
    bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return bytes;
}

TEST(Reflection, ListsEveryService) {
  ApiServer server;
  const std::string answer = AskReflection(server, "\x3a\x01*");  // list_services: "*".
  for (const char* service :
       {"dq.v1.JobService", "dq.v1.BatchService", "dq.v1.FileService", "dq.v1.ReferenceService",
        "dq.v1.ReportService", "dq.v1.ScheduleService", "dq.v1.WebhookService",
        "dq.v1.AdminService", "dq.v1.WorkerService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(answer, testing::HasSubstr(service));
  }
}

TEST(Reflection, DescribesHealth) {
  ApiServer server;
  const std::string symbol = "grpc.health.v1.Health";  // file_containing_symbol.
  const std::string answer =
      AskReflection(server, std::string("\x22") + static_cast<char>(symbol.size()) + symbol);
  EXPECT_THAT(answer, testing::HasSubstr("HealthCheckRequest"));
}

}  // namespace
}  // namespace dq
