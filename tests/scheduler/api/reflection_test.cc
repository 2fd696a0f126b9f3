#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/raw_call.h"

namespace dq {
namespace {

// Sends one request to the server's reflection and returns the bytes of the answer.
std::string AskReflection(ApiServer& server, const std::string& request) {
  const RawAnswer answer =
      CallRaw(server.channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              {request}, absl::Seconds(20));
  return answer.messages.empty() ? "" : answer.messages.front();
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
